// Writes down what the elements tell; `error` doesn't bubble, so it is caught on its way down.
for (const name of ["ready", "order-loaded", "event", "action", "error"]) {
  document.addEventListener(name, (event) => {
    if (!(event instanceof CustomEvent)) return;
    const line = document.createElement("li");
    const { key, action, order, entry } = event.detail;
    line.textContent = [event.type, key || action || (entry && entry.label) || (order && order.state)].join(" ");
    document.getElementById("log").append(line);
  }, true);
}
