/* 试算：停笔片刻后把整张表送到服务器，结果原样换上；没有脚本时用“计算”按钮。只用 Chromium 86 支持的语法。 */
(function () {
  var form = document.querySelector('form[data-trial]');
  if (!form || !window.fetch) return;
  var shown = document.getElementById('tried');
  var status = form.querySelector('[data-status]');
  var timer, number = 0;

  function mark(answer) {
    form.querySelectorAll('[aria-invalid]').forEach(function (field) {
      field.removeAttribute('aria-invalid');
      var words = document.getElementById(field.id + '-err');
      if (words) words.hidden = true;
    });
    answer.querySelectorAll('[data-field]').forEach(function (link) {
      var field = document.getElementById(link.getAttribute('data-field'));
      if (!field || !/^(INPUT|SELECT|TEXTAREA)$/.test(field.tagName)) return;
      field.setAttribute('aria-invalid', 'true');
      for (var node = field; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true;
    });
  }

  function say(text) { status.textContent = text; status.className = text ? 'small muted' : 'sr'; }

  function calculate() {
    var mine = ++number;
    form.classList.add('waiting');
    say(form.getAttribute('data-wait'));
    fetch(form.action, {
      method: 'POST', body: new FormData(form), headers: { 'X-What-If': '1' }, redirect: 'manual',
    }).then(function (answer) {
      if (answer.status !== 200 && answer.status !== 422) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (text) {
      if (mine !== number) return;
      shown.innerHTML = text;
      mark(shown);
      form.classList.remove('waiting');
      say('');
    }).catch(function () {
      if (mine !== number) return;
      form.classList.remove('waiting');
      say(form.getAttribute('data-lost'));
    });
  }

  form.querySelectorAll('.slide').forEach(function (slider) {
    var field = document.getElementById(slider.getAttribute('data-for'));
    if (!field) return;
    slider.hidden = false;
    slider.addEventListener('input', function () { field.value = slider.value; });
    field.addEventListener('input', function () { slider.value = field.value; });
  });
  form.addEventListener('input', function () {
    clearTimeout(timer);
    timer = setTimeout(calculate, 250);
  });
  window.addEventListener('beforeprint', function () {
    form.querySelectorAll('details').forEach(function (one) { one.open = true; });
  });
}());
