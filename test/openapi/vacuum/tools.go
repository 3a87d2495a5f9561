//go:build tools

// Keeps the version of vacuum and of its dependencies in go.mod and go.sum.
package vacuum

import _ "github.com/daveshanley/vacuum"
