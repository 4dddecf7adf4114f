// The page's policy takes a <style> only with its nonce, and the API browser gives it to some of its own alone.
"use strict";
{
  const { content } = document.querySelector('meta[property="csp-nonce"]');
  const create = document.createElement;
  document.createElement = function (name, options) {
    const element = create.call(this, name, options);
    if (element instanceof HTMLStyleElement) element.nonce = content;
    return element;
  };
}
