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

  /* 打印时展开结算单每一行的来源。 */
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('.sheet details').forEach(function (line) { line.open = true; });
  });
}());
