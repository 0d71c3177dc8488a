//go:build tools

// Package tools pins Jaeger v2 for Waypost's tests. Jaeger cannot be installed with `go install pkg@version` (its
// go.mod has replace directives), so this module requires it instead, and the blank import keeps the requirement a
// direct one. It is never compiled: `scripts/backends.py` builds the command's path.
//
// The module is tagged v1.76.0 and its cmd/jaeger is the v2 binary. Most of go.sum is the go.sum that Jaeger itself
// publishes inside that (verified) version, because the public checksum service no longer has records for some of
// its older dependencies; every download is still checked against a published hash.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
