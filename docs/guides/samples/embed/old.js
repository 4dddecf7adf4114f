// What libraries did to the language before it had all it has, and a browser that keeps nothing for this page.
Object.prototype.inspect = function () { return "?"; };
Array.prototype.toJSON = String.prototype.toJSON = function () { return '"' + this + '"'; };
Array.prototype.each = Array.prototype.forEach = function () { throw new Error("not as you know it"); };
Array.prototype.map = Array.prototype.some = Array.prototype.filter = function () { return []; };
for (const name of ["cookie"]) {
  Object.defineProperty(document, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}
