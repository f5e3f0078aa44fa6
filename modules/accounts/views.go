package accounts

import (
	"net/url"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

//words: accounts.verb.* accounts.subject.* accounts.role.* accounts.role_about.* accounts.sent.* accounts.document.*

// verbName says in words what was done; a verb without words says itself.
func verbName(p *ui.Page, verb string) string {
	if key := "accounts.verb." + verb; p.Voice().Known(key) {
		return p.T(key)
	}
	return strings.ReplaceAll(verb, "_", " ")
}

func verbOptions(p *ui.Page, verbs []string) []ui.Option {
	list := make([]ui.Option, len(verbs))
	for i, verb := range verbs {
		list[i] = ui.Option{Value: verb, Text: verbName(p, verb)}
	}
	return list
}

// actorName says who did something: you, a person, the program, or who runs the network. A person who has closed their account has no
// name any more.
func actorName(p *ui.Page, me *authz.Actor, t Trace) string {
	kind, _, _ := strings.Cut(t.Actor, ":")
	switch {
	case me != nil && t.Actor == me.ID():
		return p.T("accounts.actor.you")
	case t.ActorName != "":
		return t.ActorName
	case kind == "account":
		return p.T("accounts.actor.gone")
	case kind == "job":
		return p.T("accounts.actor.job")
	}
	return p.T("accounts.actor.operator")
}

// subjectName says to what something was done.
func subjectName(p *ui.Page, t Trace) string {
	kind := t.SubjectKind
	if key := "accounts.subject." + kind; p.Voice().Known(key) {
		kind = p.T(key)
	}
	switch {
	case t.SubjectName != "":
		return t.SubjectName
	case t.SubjectKind == "account":
		return p.T("accounts.actor.gone")
	}
	return kind + " " + t.Subject
}

func olderTrail(verb string) string {
	if verb == "" {
		return trailPath + "?"
	}
	return trailPath + "?azione=" + url.QueryEscape(verb) + "&"
}
