"""End to end: real SDKs against the real Collector, Jaeger and Prometheus."""
