// Shows the document of this Karla. Nothing is asked of, or told to, any other host.
"use strict";
Scalar.createApiReference("#api", {
  url: "/public/openapi.json",
  servers: [{ url: location.origin, description: "This Karla" }],
  agent: { disabled: true },
  mcp: { disabled: true },
  documentDownloadType: "json",
  hideClientButton: true,
  persistAuth: false,
  showDeveloperTools: "never",
  telemetry: false,
  withDefaultFonts: false,
});
