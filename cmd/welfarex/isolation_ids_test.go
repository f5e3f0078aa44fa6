package main

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// shown are the entities that have an address of their own, with the table whose clone only one city has.
var shown = map[string]string{
	"service": "services", "provider": "providers", "programme": "programmes", "access_point": "access_points", "page": "pages", "need": "needs",
	"category": "categories", "neighbourhood": "neighbourhoods", "office": "offices",
}

// findThings learns the words by which routes may ask for what the clones show.
func (s *stage) findThings(ctx context.Context, t *testing.T, c *twin) {
	t.Helper()
	c.slugs = map[string]string{}
	for entity, table := range shown {
		var slug string
		err := s.super.QueryRow(ctx, "SELECT split_part(slug, '.', 1) FROM "+table+" WHERE tenant_id = $1 AND published AND slug LIKE $2 || '%'", c.record.ID, c.Marks[0]).Scan(&slug)
		if err != nil {
			t.Fatalf("the clone in %s: %v", table, err)
		}
		c.slugs[entity] = slug
	}
}

// purposes are those of the links that a mail carries, by where they lead.
var purposes = map[string]string{"/verifica/": "verify", "/password/": "reset", "/invito/": "invite"}

// idsOf gives what a parameter of a route may take, as a person of alfa sees it; beta's are the foreign ones.
func (s *stage) idsOf(p attacks.Person, r attacks.Route, param string) attacks.IDs {
	switch entity := r.Params[param]; entity {
	case "session":
		return s.personal(p, r, func(c *twin) map[string]uuid.UUID { return c.things.sessions })
	case "key":
		return s.personal(p, r, func(c *twin) map[string]uuid.UUID { return c.things.keys })
	case "account":
		return s.personal(p, r, func(c *twin) map[string]uuid.UUID { return c.things.accounts })
	case "membership":
		return s.personal(p, r, func(c *twin) map[string]uuid.UUID { return c.things.memberships })
	case "member":
		return s.personal(p, r, func(c *twin) map[string]uuid.UUID { return c.things.members })
	case "order":
		return s.personal(p, r, func(c *twin) map[string]uuid.UUID { return c.things.orders })
	case "order_part":
		others := "another provider"
		if p.Name == others {
			others = "provider"
		}
		return attacks.IDs{Own: text(s.alfa.things.parts[p.Name]), Others: text(s.alfa.things.parts[others]), Foreign: text(s.beta.things.parts["provider"]), MadeUp: newUUID().String()}
	case "file":
		return attacks.IDs{Own: s.alfa.things.public.String(), Others: s.alfa.things.private.String(), Foreign: s.beta.things.public.String(), MadeUp: newUUID().String()}
	case "draft", "attachment", "live_service":
		return s.written(p, entity)
	case "submission":
		return attacks.IDs{Own: text(s.alfa.things.submission), Others: text(s.alfa.things.drafts["provider"]), Foreign: text(s.beta.things.submission), MadeUp: newUUID().String()}
	case "own_provider":
		mine := s.alfa.things.providerSlugs[0]
		if p.Name == "another provider" {
			mine = s.alfa.things.providerSlugs[1]
		}
		return attacks.IDs{Own: mine, Others: s.alfa.slugs["provider"], Foreign: s.beta.slugs["provider"], MadeUp: madeUp(s.beta.slugs["provider"])}
	case "token":
		for path, purpose := range purposes {
			if strings.HasPrefix(r.Path, path) {
				foreign := s.beta.things.tokens[purpose]
				return attacks.IDs{Own: s.alfa.things.tokens[purpose], Foreign: foreign, MadeUp: strings.ToLower(foreign)}
			}
		}
		return attacks.IDs{}
	case "asset", "theme":
		return attacks.IDs{Foreign: "0123456789abcdef.css", MadeUp: "fedcba9876543210.css"}
	default:
		return attacks.IDs{Own: s.alfa.slugs[entity], Foreign: s.beta.slugs[entity], MadeUp: madeUp(s.beta.slugs[entity])}
	}
}

// written gives the draft of a person's own provider, or a document of it.
func (s *stage) written(p attacks.Person, entity string) attacks.IDs {
	mine, others := "provider", "another provider"
	if p.Name == others {
		mine, others = others, mine
	}
	of := func(c *twin, who string) string {
		if entity == "attachment" {
			return text(c.things.documents[who])
		}
		if entity == "live_service" {
			return text(c.things.live[who])
		}
		return text(c.things.drafts[who])
	}
	return attacks.IDs{Own: of(s.alfa, mine), Others: of(s.alfa, others), Foreign: of(s.beta, mine), MadeUp: newUUID().String()}
}

// personal gives ids of things that people have: one's own, or for staff who look after others a colleague's.
func (s *stage) personal(p attacks.Person, r attacks.Route, of func(*twin) map[string]uuid.UUID) attacks.IDs {
	mine, others := p.Name, "another citizen"
	if p.Name == others {
		others = "citizen"
	}
	if r.Class != "own" { // staff look after their colleagues
		mine, others = "another provider", "municipality"
	}
	foreign := of(s.beta)[mine]
	if foreign == uuid.Nil {
		foreign = of(s.beta)["another provider"]
	}
	return attacks.IDs{Own: text(of(s.alfa)[mine]), Others: text(of(s.alfa)[others]), Foreign: text(foreign), MadeUp: newUUID().String()}
}

func text(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// madeUp is the same word with the mark of a city that does not exist: as long and as near to alfa's words as beta's is.
func madeUp(word string) string { return strings.ReplaceAll(word, "qzbvx", "qzcvx") }
