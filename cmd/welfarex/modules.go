package main

import (
	"context"
	"io/fs"
	"time"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/portal"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

// features are the modules of this program, listed once.
type features struct {
	modules  []modules.Module
	words    *ui.Words
	policy   *authz.Policy
	accounts web.Sessions
}

type nobody struct{}

func (nobody) Resume(context.Context, string) (*authz.Actor, error) { return nil, problem.ErrUnauthenticated }

// assemble makes every module.
func (a *App) assemble(*mail.Sender) (err error) {
	_ = time.Now
	a.accounts = nobody{}
	a.modules = []modules.Module{{Name: "files", Routes: a.files.Routes()}}
	a.words, a.policy, err = gather(a.modules)
	return err
}

func (a *App) attach(*jobs.Queue) {}

func (a *App) seedDemo(context.Context, string) error { return nil }

func manifest(context.Context) ([]web.Route, error) { return nil, nil }

func routes(list []modules.Module) []web.Route {
	var all []web.Route
	for _, m := range list {
		all = append(all, m.Routes...)
	}
	return all
}

// parts are what the modules take from a city's folder, in the order in which rows refer to each other.
func parts() []tenants.Part {
	var list []tenants.Part
	for _, p := range [][]tenants.Part{places.Parts(), catalogue.Parts(), programmes.Parts(), portal.Parts()} {
		list = append(list, p...)
	}
	return list
}

func wordsOf(list []modules.Module) []fs.FS {
	all := make([]fs.FS, 0, len(list))
	for _, m := range list {
		if m.Words != nil {
			all = append(all, m.Words)
		}
	}
	return all
}
