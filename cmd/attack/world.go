package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// knowledge is what an attacker could have gathered of both cities.
type knowledge struct {
	here, there           *harvest
	hereLinks, thereLinks map[string]string // what mails carry, by the path it leads to
	madeUp                map[string]string // by what it imitates
}

// world signs everybody in and gathers what can be known.
func (d *demo) world(ctx context.Context, routes []attacks.Route, slug, otherSlug string) (*attacks.World, error) {
	k := &knowledge{madeUp: map[string]string{}}
	city, err := d.arrive(ctx, slug)
	if err != nil {
		return nil, err
	}
	other, err := d.arrive(ctx, otherSlug)
	if err != nil {
		return nil, err
	}
	if k.hereLinks, err = d.links(ctx, city, "citizen@"+slug+".example"); err != nil {
		return nil, err
	}
	if k.thereLinks, err = d.links(ctx, other, "citizen@"+otherSlug+".example"); err != nil {
		return nil, err
	}
	if k.here, err = d.reap(ctx, city, routes); err != nil {
		return nil, err
	}
	if k.there, err = d.reap(ctx, other, routes); err != nil {
		return nil, err
	}
	city.Marks, other.Marks = marks(city, k.here, k.there), marks(other, k.there, k.here)
	w := &attacks.World{Server: d.server, Routes: routes, City: city, Other: other, Tally: &attacks.Tally{}}
	w.IDs = k.ids
	w.Stranger = k.there.pick("account", func(string, []string) bool { return true })
	for _, entity := range []string{"account", "provider", "service", "need", "category"} {
		for _, id := range k.there.only(entity, k.here)[:min(1, len(k.there.only(entity, k.here)))] {
			w.Keys = append(w.Keys, attacks.Pair{Foreign: id, MadeUp: k.imitate(id)})
		}
	}
	return w, nil
}

// marks are texts that only one city's pages can hold: its host, its addresses of mail, the ids and addresses that the other has not.
func marks(c *attacks.City, own, others *harvest) []string {
	all := []string{c.Host, "@" + c.Slug + ".example", "welfare." + c.Slug + ".example"}
	for path := range own.paths {
		if !others.paths[path] && len(path) > 12 {
			all = append(all, strings.ToLower(path)+`"`) // a shorter address may begin a longer one
		}
	}
	for _, ids := range own.seen {
		for id := range ids {
			if _, err := uuid.Parse(id); err == nil {
				all = append(all, id)
			}
		}
	}
	slices.Sort(all)
	return all
}

// ids gives what a parameter may take, as a person of the attacked city knows it.
func (k *knowledge) ids(p attacks.Person, r attacks.Route, param string) attacks.IDs {
	entity := r.Params[param]
	if entity == "token" {
		for path, token := range k.thereLinks {
			if strings.HasPrefix(r.Path, path) {
				return attacks.IDs{Own: k.hereLinks[path], Foreign: token, MadeUp: k.imitate(token)}
			}
		}
	}
	if entity == "asset" || entity == "theme" {
		return attacks.IDs{Foreign: "0123456789abcdef.css", MadeUp: "fedcba9876543210.css"}
	}
	mine := func(_ string, people []string) bool { return r.Class == "portal" || slices.Contains(people, p.Name) }
	ids := attacks.IDs{Own: k.here.pick(entity, mine)}
	if r.Class == "own" {
		ids.Others = k.here.pick(entity, func(_ string, people []string) bool { return !slices.Contains(people, p.Name) })
	}
	if only := k.there.only(entity, k.here); len(only) > 0 {
		ids.Foreign = only[0]
		ids.MadeUp = k.imitate(only[0])
	} else {
		ids.MadeUp = k.imitate(firstOf(ids.Own, uuid.NewString()))
	}
	return ids
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// imitate makes an id up: as long as the other, with letters for letters and digits for digits, and always the same one.
func (k *knowledge) imitate(id string) string {
	if k.madeUp[id] == "" {
		k.madeUp[id] = imitation(id)
	}
	return k.madeUp[id]
}

func imitation(id string) string {
	if _, err := uuid.Parse(id); err == nil {
		return uuid.Must(uuid.NewV7()).String()
	}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return rune(letters[rand.IntN(len(letters))]) //nolint:gosec // nothing hangs on it
		case r >= 'A' && r <= 'Z':
			return rune(letters[rand.IntN(len(letters))]) - 'a' + 'A' //nolint:gosec // nothing hangs on it
		case r >= '0' && r <= '9':
			return '0' + rune(rand.IntN(10)) //nolint:gosec // nothing hangs on it
		}
		return r
	}, id)
}
