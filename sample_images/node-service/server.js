// An HTTPS server; OpenSSL is part of the node program itself.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const https = require("https");

const options = {
  key: fs.readFileSync("/srv/key.pem"),
  cert: fs.readFileSync("/srv/cert.pem"),
};
const server = https.createServer(options, (request, response) => {
  const etag = crypto.createHash("sha256").update(request.url).digest("hex");
  response.writeHead(200, { "Content-Type": "text/plain", ETag: `"${etag}"` });
  response.end(`OpenSSL ${process.versions.openssl}\n`);
});
process.on("SIGTERM", () => process.exit(0));
server.listen(8443, () => console.log("listening on 8443"));
