package main

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// harvest is what the people of a city see: the ids in the addresses of their pages, by entity, with who saw them.
type harvest struct {
	seen  map[string]map[string][]string // entity → id → people
	paths map[string]bool                // addresses that hold an id
}

var address = regexp.MustCompile(`(?:href|src|action)="(/[^"?#]*)`)

// perPattern bounds how many pages of one kind are opened.
const perPattern = 4

// reap walks the pages of a city as each of its people, beginning at every route without parameters.
func (d *demo) reap(ctx context.Context, c *attacks.City, routes []attacks.Route) (*harvest, error) {
	h := &harvest{seen: map[string]map[string][]string{}, paths: map[string]bool{}}
	for _, p := range c.People {
		opened, visited := map[string]int{}, map[string]bool{}
		var waiting []string
		for _, r := range routes {
			if r.Safe() && !r.JSON && len(r.ParamNames()) == 0 {
				waiting = append(waiting, r.Path)
			}
		}
		for len(waiting) > 0 {
			path := waiting[0]
			if waiting = waiting[1:]; visited[path] {
				continue
			}
			visited[path] = true
			page, err := d.get(ctx, c, p.Session, path)
			if err != nil {
				return nil, err
			}
			for _, m := range address.FindAllStringSubmatch(page, -1) {
				if r, ok := h.note(routes, m[1], p); ok && r.Safe() && opened[r.Path] < perPattern {
					opened[r.Path]++
					waiting = append(waiting, m[1])
				}
			}
		}
	}
	return h, nil
}

// note keeps the ids of an address that a route with parameters answers.
func (h *harvest) note(routes []attacks.Route, path string, p attacks.Person) (attacks.Route, bool) {
	path = strings.TrimPrefix(path, "/en")
	if slices.ContainsFunc(routes, func(r attacks.Route) bool { return r.Path == path }) {
		return attacks.Route{}, false // /persone/invito is no id of /persone/:id
	}
	for _, r := range routes {
		values, ok := match(r, path)
		if !ok || r.JSON {
			continue
		}
		for name, value := range values {
			entity := r.Params[name]
			if h.seen[entity] == nil {
				h.seen[entity] = map[string][]string{}
			}
			if !slices.Contains(h.seen[entity][value], p.Name) {
				h.seen[entity][value] = append(h.seen[entity][value], p.Name)
			}
		}
		h.paths[path] = true
		return r, true
	}
	return attacks.Route{}, false
}

// match says whether the route answers path, and with which parameters; one without parameters has nothing to tell.
func match(r attacks.Route, path string) (map[string]string, bool) {
	pattern, parts := strings.Split(r.Path, "/"), strings.Split(path, "/")
	if len(pattern) != len(parts) || len(r.ParamNames()) == 0 || r.Method != http.MethodGet && r.Class == "portal" {
		return nil, false
	}
	values := map[string]string{}
	for i, part := range pattern {
		if name, ok := strings.CutPrefix(part, ":"); ok && parts[i] != "" {
			values[name] = parts[i]
		} else if part != parts[i] {
			return nil, false
		}
	}
	return values, true
}

// pick gives the first id of an entity that fits, in a fixed order.
func (h *harvest) pick(entity string, fits func(id string, people []string) bool) string {
	for _, id := range slices.Sorted(maps.Keys(h.seen[entity])) {
		if fits(id, h.seen[entity][id]) {
			return id
		}
	}
	return ""
}

// only are the ids of an entity that the other city has not.
func (h *harvest) only(entity string, other *harvest) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(h.seen[entity])) {
		if other.seen[entity][id] == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
