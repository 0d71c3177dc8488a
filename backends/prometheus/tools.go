//go:build tools

// Package tools pins the Prometheus server for Waypost's tests. Prometheus cannot be installed with
// `go install pkg@version` (its go.mod has replace directives), so this module requires it instead, and the blank
// import keeps the requirement a direct one. It is never compiled: `scripts/backends.py` builds the command's path.
package tools

import _ "github.com/prometheus/prometheus/cmd/prometheus"
