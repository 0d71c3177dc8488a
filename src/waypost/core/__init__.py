"""The pure wing: values in, values out. It knows no SDK, no telemetry, no clock, no file and no thread."""
