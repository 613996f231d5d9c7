/* 渐进增强：没有脚本时每页内容与表单都可用。只用 Chromium 86 支持的语法。 */
(function () {
  var errors = document.querySelector('.errors');
  if (errors) errors.focus();

  function openTarget() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === 'DETAILS') node.open = true;
    }
    if (target.tagName !== 'DETAILS') return;
    var first = target.querySelector('input:not([type=hidden]),select,textarea,button');
    target.scrollIntoView();
    if (first && target.className.indexOf('offer') >= 0) first.focus({ preventScroll: true });
  }
  window.addEventListener('hashchange', openTarget);
  document.addEventListener('click', function (event) {
    var link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute('href') === location.hash) openTarget();
  });
  openTarget();

  /* 草稿：停笔片刻后把文字字段存到服务器；文件与密码从不发送。 */
  document.querySelectorAll('form[data-draft]').forEach(function (form) {
    var timer, dirty = false, sent = false, said;
    function say(text) {
      if (!said) {
        said = document.createElement('p');
        said.className = 'kept small muted';
        said.setAttribute('role', 'status');
        form.querySelector('.send').appendChild(said);
      }
      said.textContent = text;
    }
    function typed() {
      var body = new URLSearchParams();
      form.querySelectorAll('input,textarea').forEach(function (field) {
        var own = ['csrf_token', '_seen'].indexOf(field.name) >= 0;
        if (own || ['text', 'textarea', 'date', 'number'].indexOf(field.type) >= 0) body.set(field.name, field.value);
      });
      return body;
    }
    function keep() {
      clearTimeout(timer);
      if (!dirty || sent) return;
      dirty = false;
      fetch(form.getAttribute('data-draft'), { method: 'POST', body: typed(), redirect: 'manual', keepalive: true })
        .then(function (answer) {
          say(form.getAttribute(answer.status === 204 ? 'data-kept' : 'data-lost'));
        }, function () { dirty = true; say(form.getAttribute('data-lost')); });
    }
    form.addEventListener('input', function () {
      dirty = true;
      clearTimeout(timer);
      timer = setTimeout(keep, 1500);
    });
    form.addEventListener('submit', function () { sent = true; clearTimeout(timer); });
    document.addEventListener('visibilitychange', function () { if (document.hidden) keep(); });
  });

  /* 全选：勾选或取消本表同一环节的各件；没有脚本时不显示，逐件勾选。 */
  document.querySelectorAll('input[data-all]').forEach(function (all) {
    var boxes = document.querySelectorAll('input[name=item][form="' + all.getAttribute('data-all') + '"]');
    function look() {
      var ticked = Array.prototype.filter.call(boxes, function (one) { return one.checked; }).length;
      all.checked = ticked === boxes.length;
      all.indeterminate = ticked > 0 && !all.checked;
    }
    all.parentElement.hidden = false;
    all.addEventListener('change', function () {
      boxes.forEach(function (one) { one.checked = all.checked; });
    });
    boxes.forEach(function (one) { one.addEventListener('change', look); });
    window.addEventListener('pageshow', look);
    look();
  });

  /* 打印时展开结算单每一行的来源。 */
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('.sheet details').forEach(function (line) { line.open = true; });
  });
}());
