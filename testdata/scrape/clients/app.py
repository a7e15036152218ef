"""A program that is watched by the client library `prometheus_client`. Writes the port that it listens on."""

import threading

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server

registry = CollectorRegistry()
requests = Counter("requests", "Requests, by code.", ["code"], registry=registry)
requests.labels("200").inc(7, {"trace_id": "abc"})
requests.labels('4"0\\4\n').inc()
Gauge("temperature", "Kelvin.", unit="kelvin", registry=registry).set(-0.25)
took = Histogram("took", "Seconds.", unit="seconds", buckets=(0.1, 1), registry=registry)
took.observe(0.05, {"trace_id": "def"})
took.observe(30)
Summary("size", "Größe in bytes.", registry=registry).observe(12)
Info("build", "What this is.", registry=registry).info({"version": "1", "branch": "main"})
Enum("state", "What it does.", states=["starting", "running"], registry=registry).state("running")
server, _ = start_http_server(0, "127.0.0.1", registry)
print(server.server_port, flush=True)
threading.Event().wait()
