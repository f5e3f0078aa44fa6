package orders

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

// Jobs carry the part's id. Each looks again whether there is still something to do.
type (
	// ExpireJob ends a part that was not paid in time.
	ExpireJob struct{ Part uuid.UUID }
	// RemindJob tells a provider that an order waits.
	RemindJob struct{ Part uuid.UUID }
	// GiveUpJob ends a part that the provider did not answer, and gives the money back.
	GiveUpJob struct{ Part uuid.UUID }
	// MailJob tells one side what has happened.
	MailJob struct {
		Part   uuid.UUID
		Letter string
	}
)

func (ExpireJob) Kind() string { return "orders.expire" }
func (RemindJob) Kind() string { return "orders.remind" }
func (GiveUpJob) Kind() string { return "orders.give_up" }
func (MailJob) Kind() string   { return "orders.mail" }

// Letters, which are also keys of their words: those to the citizen first.
const (
	mailPaid         = "paid"
	mailAccepted     = "accepted"
	mailRefused      = "refused"
	mailDelivered    = "delivered"
	mailExpired      = "expired"
	mailGivenUp      = "given_up"
	mailReturned     = "returned"
	mailNotReturned  = "not_returned"
	mailLate         = "late"
	mailFromProvider = "from_provider"

	mailOrdered     = "ordered"
	mailCancelled   = "cancelled"
	mailRemind      = "remind"
	mailLost        = "lost"
	mailRetry       = "retry"
	mailFromCitizen = "from_citizen"
)

// toProvider are the letters that the provider gets.
var toProvider = []string{mailOrdered, mailCancelled, mailRemind, mailLost, mailRetry, mailFromCitizen}

//words: orders.mail.*

// Jobs says what is done later.
func (s *Service) Jobs(w *jobs.Workers) {
	jobs.On(w, func(ctx context.Context, j ExpireJob) error { return notThere(s.expire(ctx, j.Part)) })
	jobs.On(w, func(ctx context.Context, j RemindJob) error { return notThere(s.remind(ctx, j.Part)) })
	jobs.On(w, func(ctx context.Context, j GiveUpJob) error { return notThere(s.giveUp(ctx, j.Part)) })
	jobs.On(w, func(ctx context.Context, j MailJob) error { return notThere(s.sendMail(ctx, j.Part, j.Letter)) })
}

// tell sends a letter to whom it is for, once the transaction is committed.
func (s *Service) tell(ctx context.Context, p *Part, letter string) error {
	return s.queue.Enqueue(ctx, MailJob{p.ID, letter})
}

// expire asks the rail a last time before it gives up: whoever paid in the last second has paid.
func (s *Service) expire(ctx context.Context, part uuid.UUID) error {
	seen, err := s.readPart(ctx, "WHERE p.id = $1", part)
	if err != nil || seen.State != Placed {
		return err
	}
	if open := seen.open(); open != nil {
		if err := s.payments.Look(ctx, open.ID); err != nil {
			slog.Warn("the rail does not say whether an order was paid that expires now", "part", part, "error", err)
		}
	}
	return s.change(ctx, part, func(ctx context.Context, p *Part) error {
		switch {
		case p.Expire(s.now()):
		case p.State == Placed:
			return s.again(ctx, ExpireJob{p.ID})
		default:
			return nil
		}
		return errors.Join(audit(ctx, "job:orders.expire", p, "order_expired", "not paid in time"), s.tell(ctx, p, mailExpired), s.settle(ctx, p))
	})
}

// again puts off a job that came too early: the queue's clock is the database's, and may be ahead of ours.
func (s *Service) again(ctx context.Context, args jobs.Args) error {
	return s.queue.EnqueueAt(ctx, args, s.now().Add(time.Minute))
}

func (s *Service) remind(ctx context.Context, part uuid.UUID) error {
	p, err := s.readPart(ctx, "WHERE p.id = $1", part)
	if err != nil || p.State != Paid {
		return err
	}
	return s.sendMail(ctx, part, mailRemind)
}

func (s *Service) giveUp(ctx context.Context, part uuid.UUID) error {
	return s.change(ctx, part, func(ctx context.Context, p *Part) error {
		switch {
		case p.GiveUp(s.now()):
		case p.State == Paid:
			return s.again(ctx, GiveUpJob{p.ID})
		default:
			return nil
		}
		return errors.Join(audit(ctx, "job:orders.give_up", p, "order_given_up", "not answered in time"), s.tell(ctx, p, mailGivenUp), s.tell(ctx, p, mailLost), s.settle(ctx, p))
	})
}

// sendMail writes to whom the letter is for; whoever has no address any more gets none.
func (s *Service) sendMail(ctx context.Context, part uuid.UUID, letter string) error {
	p, err := s.readPart(ctx, "WHERE p.id = $1", part)
	if err != nil {
		return err
	}
	citizen, provider, err := s.readParties(ctx, part)
	if err != nil {
		return err
	}
	to, path := citizen, orderPath(p.Order.ID)
	if slices.Contains(toProvider, letter) {
		to, path = provider, partPath(p.ID)
	}
	if to.Email == "" {
		return nil
	}
	return s.mail.Send(ctx, s.letter(ctx, p, to, letter, path))
}

// letter says what happened and leads to the order: what was bought and for whom stays behind the login.
func (s *Service) letter(ctx context.Context, p *Part, to party, kind, path string) mail.Letter {
	city := mustCity(ctx)
	voice := s.words.For(city, to.Language)
	key := "orders.mail." + kind
	args := []any{
		"portal", city.Portal, "number", p.Order.Title(), "seller", p.Seller, "amount", voice.Money(p.Cents), "why", p.Why,
		"until", voice.Date(p.CancelUntil()), "answer", voice.Date(p.AnswerBy), "phone", city.Contacts.Phone,
		"ring", first(p.SellerPhone, p.SellerEmail, city.Contacts.Phone),
	}
	page := ui.Page{Lang: to.Language}
	return mail.Letter{
		To: to.Email, Lang: to.Language, Subject: voice.T(key+".subject", args...), Greeting: voice.T("orders.mail.hello", "name", to.Name),
		Paragraphs: strings.Split(voice.T(key+".text", args...), "\n\n"), Button: voice.T("orders.mail.button"), Link: s.base.Of(city) + page.Href(path),
		Close: voice.T("orders.mail.close", "phone", city.Contacts.Phone),
	}
}
