// Package e2e proves the program from outside: it builds the real binary, starts the demo on an empty folder, and uses it as people do, in
// Chromium, with scripts and without. It holds nothing but tests.
//
// What they looked at is left as pictures in .screens/, which git ignores.
package e2e
