// A program that is watched by the client library `prom-client`. Writes the port that it listens on.

const client = require('prom-client');
const http = require('http');

const registry = new client.Registry();
registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
const registers = [registry];
client.collectDefaultMetrics({ register: registry });

const requests = new client.Counter({
  name: 'requests_total', help: 'Requests, by code.', labelNames: ['code'], enableExemplars: true, registers,
});
requests.inc({ labels: { code: '200' }, value: 7, exemplarLabels: { trace_id: 'abc' } });
requests.inc({ labels: { code: '4"0\\4\n' }, value: 1 });
new client.Gauge({ name: 'temperature', help: 'Kelvin.', registers }).set(-0.25);
const took = new client.Histogram({
  name: 'took_seconds', help: 'Seconds.', buckets: [0.1, 1], enableExemplars: true, registers,
});
took.observe({ value: 0.05, exemplarLabels: { trace_id: 'def' } });
took.observe({ value: 30 });
new client.Summary({ name: 'size', help: 'Größe in bytes.', percentiles: [0.5, 0.99], registers }).observe(12);

const server = http.createServer(async (_, answer) => {
  answer.setHeader('Content-Type', registry.contentType);
  answer.end(await registry.metrics());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
