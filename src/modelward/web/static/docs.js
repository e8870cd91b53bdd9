// The API's description, drawn by Swagger UI. Requests without a credential of their own go as whoever is signed in.
(() => {
  "use strict";
  const place = document.getElementById("api");
  const carries = (headers, name) => Object.keys(headers).some((known) => known.toLowerCase() === name);
  SwaggerUIBundle({
    url: place.dataset.description,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      const known = carries(request.headers, "authorization") || carries(request.headers, "x-api-key");
      if (!known && place.dataset.formToken) request.headers["X-Form-Token"] = place.dataset.formToken;
      return request;
    },
  });
})();
