package main

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/tenants"
)

// demoFile is demo.json: how to come in, for whoever tries the demo.
type demoFile struct {
	Operator *struct{}  `json:"operator"` // the network operator has no account yet
	MailURL  string     `json:"mail_url"`
	PayURL   string     `json:"pay_url"` // the gateway's: its payment pages are below it
	Cities   []demoCity `json:"cities"`
}

type demoCity struct {
	Slug     string       `json:"slug"`
	URL      string       `json:"url"`
	Accounts []demoPerson `json:"accounts"`
}

type demoPerson struct {
	Role       string  `json:"role"`
	Email      string  `json:"email"`
	Password   string  `json:"password"`
	TOTPSecret *string `json:"totp_secret"` // base32, SHA-1, 6 digits, 30 s; null for citizens
}

// seedWork lets a city's people have done something: a household, orders, a service that waits for approval.
func (a *App) seedWork(ctx context.Context, people demoCity) error {
	citizen, err := a.accounts.SeedActor(ctx, people.email(authz.Citizen))
	if err != nil {
		return err
	}
	worker, err := a.accounts.SeedActor(ctx, people.email(authz.Provider))
	if err != nil {
		return err
	}
	family, err := a.accounts.Household(ctx, citizen)
	if err != nil {
		return err
	}
	if len(family) == 0 {
		mother := accounts.MemberProfile{Name: "Rosa Bianchi", Born: time.Date(1944, 3, 8, 0, 0, 0, 0, time.UTC), Relation: accounts.Delegate}
		if _, err := a.accounts.AddMember(ctx, citizen, mother); err != nil {
			return err
		}
	}
	return errors.Join(a.orders.Seed(ctx, citizen, worker), a.publishing.Seed(ctx, worker, "Un pomeriggio in compagnia", "Lo stesso servizio di sempre, adesso anche il sabato mattina."))
}

// email is the address of the person of a role.
func (c demoCity) email(role string) string {
	for _, p := range c.Accounts {
		if p.Role == role {
			return p.Email
		}
	}
	return ""
}

// demoNames are invented people; one of each role in every city.
var demoNames = map[string]string{
	authz.Citizen: "Anna Rossi", authz.Provider: "Paolo Ferri", authz.WelfareManager: "Giulia Conti", authz.Municipality: "Marco Galli", authz.CityAdmin: "Elena Riva",
}

// seedDemo makes people of every role in the nine cities, and writes demo.json. Passwords and second factors made at the first
// start are kept. cooperatives names a provider of each city.
func (a *App) seedDemo(ctx context.Context, mailURL string, cooperatives map[string]string) error {
	file := filepath.Join(a.config.Data, "demo.json")
	kept, err := readDemoFile(file)
	if err != nil {
		return err
	}
	// One password for everybody: fifty slow hashes would be fifty times slower.
	password := kept.password()
	hash, err := a.accounts.Hash(password)
	if err != nil {
		return err
	}
	demo := a.demoPeople(kept, password, mailURL)
	// Written first: whatever happens next, the passwords of those already made are known.
	raw, err := json.MarshalIndent(demo, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(file, append(raw, '\n')); err != nil {
		return err
	}
	cities, err := a.db.BySlug(ctx, demoCities)
	if err != nil {
		return err
	}
	for _, people := range demo.Cities {
		city := cities[people.Slug]
		if city == nil {
			return fmt.Errorf("the city %s was applied and is not there", people.Slug)
		}
		for _, person := range people.Accounts {
			if err := a.seedPerson(tenants.With(ctx, city), person, hash, cooperatives[people.Slug]); err != nil {
				return fmt.Errorf("%s of %s: %w", person.Role, people.Slug, err)
			}
		}
		if err := a.seedWork(tenants.With(ctx, city), people); err != nil {
			return fmt.Errorf("%s: %w", people.Slug, err)
		}
	}
	return nil
}

// demoPeople is one person of each role in each city.
func (a *App) demoPeople(kept demoFile, password, mailURL string) demoFile {
	demo := demoFile{MailURL: mailURL, PayURL: a.config.StripeURL}
	for _, slug := range demoCities {
		people := demoCity{Slug: slug, URL: a.demoURL(slug)}
		for _, role := range authz.Roles {
			person := demoPerson{Role: role, Email: strings.ReplaceAll(role, "_", "-") + "@" + slug + ".example", Password: password}
			if role != authz.Citizen {
				person.TOTPSecret = kept.totp(slug, role)
			}
			people.Accounts = append(people.Accounts, person)
		}
		demo.Cities = append(demo.Cities, people)
	}
	return demo
}

// writeFile replaces a file as a whole, for its owner's eyes only: a crash leaves the old one or the new one.
func writeFile(file string, content []byte) error {
	next := file + ".next"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, file)
}

func (a *App) seedPerson(ctx context.Context, p demoPerson, hash, provider string) error {
	seed := accounts.SeedPerson{Email: p.Email, Name: demoNames[p.Role], Hash: hash}
	if p.Role != authz.Citizen {
		seed.Role, seed.TOTPSecret = p.Role, *p.TOTPSecret
	}
	if p.Role == authz.Provider {
		seed.Provider = provider
	}
	return a.accounts.Seed(ctx, seed)
}

func readDemoFile(file string) (demoFile, error) {
	var kept demoFile
	raw, err := os.ReadFile(file) //nolint:gosec // in the demo's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return kept, err
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return kept, fmt.Errorf("%s: %w", file, err)
	}
	return kept, nil
}

func (d demoFile) password() string {
	for _, c := range d.Cities {
		for _, p := range c.Accounts {
			return p.Password
		}
	}
	return "demo-" + strings.ToLower(base32.StdEncoding.EncodeToString(random(10)))
}

func (d demoFile) totp(slug, role string) *string {
	for _, c := range d.Cities {
		for _, p := range c.Accounts {
			if c.Slug == slug && p.Role == role && p.TOTPSecret != nil {
				return p.TOTPSecret
			}
		}
	}
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random(20))
	return &secret
}
