// The element comes into sight with the order that was found.
document.querySelector("karla-order-finder").addEventListener("order-loaded", () => {
  document.querySelector("karla-tracking").hidden = false;
});
