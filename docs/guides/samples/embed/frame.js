const frame = document.getElementById("karla");
addEventListener("message", ({ data, origin, source }) => {
  if (origin !== new URL(frame.src).origin || source !== frame.contentWindow) return;
  if (data.type === "karla:height") frame.style.height = data.height + "px";
});
frame.contentWindow.postMessage({ type: "karla:height" }, "*");  // it may have told before this script came
