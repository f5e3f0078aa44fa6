package accounts

import (
	"net/url"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

//words: accounts.verb.* accounts.subject.* accounts.relation.* accounts.relation_about.* accounts.role.* accounts.role_about.* accounts.sent.* accounts.document.*

// documentName is a document without its version.
func documentName(document string) string {
	name, _, _ := strings.Cut(document, "@")
	return name
}

// verbName says in words what was done; a test makes sure that every verb of the program has some.
func verbName(p *ui.Page, verb string) string {
	if key := "accounts.verb." + verb; p.Voice().Known(key) {
		return p.T(key)
	}
	return p.T("accounts.verb.unknown")
}

func verbOptions(p *ui.Page, verbs []string) []ui.Option {
	list := make([]ui.Option, len(verbs))
	for i, verb := range verbs {
		list[i] = ui.Option{Value: verb, Text: verbName(p, verb)}
	}
	return list
}

// actorName says who did something: you, a person, the program, or who runs the network.
func actorName(p *ui.Page, me *authz.Actor, t Trace) string {
	kind, id, _ := strings.Cut(t.Actor, ":")
	switch {
	case me != nil && id == me.Account.String():
		return p.T("accounts.actor.you")
	case t.ActorName != "":
		return t.ActorName
	case kind == "account", kind == "staff":
		return nameless(p, id)
	case kind == "job":
		return p.T("accounts.actor.job")
	}
	return p.T("accounts.actor.operator")
}

// nameless tells people apart who have no name here.
func nameless(p *ui.Page, id string) string {
	return p.T("accounts.actor.nameless", "id", tail(id))
}

// tail is enough of an id to tell two apart.
func tail(id string) string { return id[max(0, len(id)-6):] }

// subjectName says to what something was done.
func subjectName(p *ui.Page, t Trace) string {
	switch {
	case t.SubjectName != "":
		return t.SubjectName
	case t.SubjectKind == "account":
		return nameless(p, t.Subject)
	case t.SubjectKind == memberKind:
		return p.T("accounts.subject.household_member") + " …" + tail(t.Subject)
	case t.SubjectKind == "city":
		return p.City.Name // a trail is one city's own
	case p.Voice().Known("accounts.subject." + t.SubjectKind):
		return p.T("accounts.subject."+t.SubjectKind) + " " + t.Subject
	}
	return p.T("accounts.subject.other")
}

// between says who did it and to whom, once if that is the same person.
func between(p *ui.Page, me *authz.Actor, t Trace) string {
	if _, id, _ := strings.Cut(t.Actor, ":"); id == t.Subject {
		return actorName(p, me, t)
	}
	return actorName(p, me, t) + " → " + subjectName(p, t)
}

// detail is what the purpose of an entry adds for a reader: the role that was given or taken.
func detail(p *ui.Page, t Trace) string {
	if role, ok := strings.CutPrefix(t.Purpose, "role "); ok && p.Voice().Known("accounts.role."+role) {
		return p.T("accounts.role." + role)
	}
	return ""
}

func olderTrail(verb string) string {
	if verb == "" {
		return trailPath + "?"
	}
	return trailPath + "?azione=" + url.QueryEscape(verb) + "&"
}
