package publishing

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// What this module asks the queue for: ids, never personal data.
type (
	// EventMail tells one person of a provider's staff what was decided about a service; uuid.Nil is the provider's own address.
	EventMail struct{ Event, Account uuid.UUID }
)

func (EventMail) Kind() string { return "publishing.event_mail" }

//words: publishing.mail.*

// Jobs says what is done later.
func (s *Service) Jobs(w *jobs.Workers) {
	jobs.On(w, s.mailEvent)
}

// tell asks for a letter to everyone who works for the provider; where nobody does, to the provider's own address.
func (s *Service) tell(ctx context.Context, provider, event uuid.UUID) error {
	people, err := staffOf(ctx, provider)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		people = []Person{{}}
	}
	for _, p := range people {
		if err := s.queue.Enqueue(ctx, EventMail{event, p.ID}); err != nil {
			return err
		}
	}
	return nil
}

// mailEvent writes about a decision. Who no longer works there gets nothing.
func (s *Service) mailEvent(ctx context.Context, j EventMail) error {
	e, to, err := s.readLetter(ctx, j.Event, j.Account)
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	title, err := s.titleOf(ctx, e.Service, e.Number)
	if err != nil {
		return err
	}
	return s.mail.Send(ctx, s.letter(ctx, to, e.Verb, deskPath+"/"+e.Service.String(), "service", title, "reason", e.Reason))
}

// letter writes a mail in the person's language and the city's words; its link is made from the city's record.
func (s *Service) letter(ctx context.Context, to Person, kind, path string, args ...any) mail.Letter {
	city, err := tenants.From(ctx)
	if err != nil {
		return mail.Letter{} // a job without a city never gets here
	}
	voice, key := s.words.For(city, to.Language), "publishing.mail."+kind
	args = append(args, "portal", city.Portal)
	page := ui.Page{Lang: to.Language}
	l := mail.Letter{
		To: to.Email, Lang: to.Language, Subject: voice.T(key+".subject", args...), Greeting: voice.T("publishing.mail.hello", "name", to.Name),
		Paragraphs: strings.Split(voice.T(key+".text", args...), "\n\n"), Button: voice.T("publishing.mail.button"),
		Link: s.base.Of(city) + page.Href(path), Close: voice.T("publishing.mail.close", "phone", city.Contacts.Phone),
	}
	if to.Name == "" {
		l.Greeting = voice.T("publishing.mail.hello_you")
	}
	return l
}
