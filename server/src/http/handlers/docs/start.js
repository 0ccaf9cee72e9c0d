// Starts Swagger UI. The content security policy of the page forbids inline scripts.
SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: "/openapi.json",
    deepLinking: true,
    tryItOutEnabled: true,
});
