package publishing

import (
	"context"
	"errors"
	"strings"
	"time"

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
	// NoticeMail tells one of them about the end, or the suspension, of an accreditation.
	NoticeMail struct{ Notice, Account uuid.UUID }
)

func (EventMail) Kind() string  { return "publishing.event_mail" }
func (NoticeMail) Kind() string { return "publishing.notice_mail" }

//words: publishing.mail.*

// Jobs says what is done later.
func (s *Service) Jobs(w *jobs.Workers) {
	jobs.On(w, s.mailEvent)
	jobs.On(w, s.mailNotice)
}

// tell asks for letters about a decision.
func (s *Service) tell(ctx context.Context, provider, event uuid.UUID) error {
	return s.toStaff(ctx, provider, func(account uuid.UUID) error { return s.queue.Enqueue(ctx, EventMail{event, account}) })
}

// toStaff asks for a letter to everyone who works for the provider; where nobody does, to the provider's own address.
func (s *Service) toStaff(ctx context.Context, provider uuid.UUID, write func(account uuid.UUID) error) error {
	people, err := staffOf(ctx, provider)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return write(uuid.Nil)
	}
	for _, p := range people {
		if err := write(p.ID); err != nil {
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

// mailNotice writes about an accreditation.
func (s *Service) mailNotice(ctx context.Context, j NoticeMail) error {
	n, to, err := s.readNotice(ctx, j.Notice, j.Account)
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	city, err := tenants.From(ctx)
	if err != nil {
		return err
	}
	day := s.words.For(city, to.Language).Date(noon(n.Until))
	return s.mail.Send(ctx, s.letter(ctx, to, n.Notice, deskPath, "area", n.Area, "act", n.Act, "day", day, "reason", n.Reason))
}

// noon is the middle of a day, which is that day everywhere it is shown.
func noon(day string) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, ui.Rome) // it was checked when it was entered
	return t.Add(12 * time.Hour)
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
