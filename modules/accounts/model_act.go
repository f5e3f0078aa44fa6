package accounts

import "github.com/welfarex/welfarex/modules/kit/problem"

// ErrActKind means that a file is neither a PDF nor a picture.
var ErrActKind = problem.New(problem.Invalid, "accounts.act.kind")

//words: accounts.act.kind accounts.act.about.*
