package orders

import (
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

//words: orders.step.* orders.work.*

// Steps are what an actor's own area begins with: orders to pay, and those whose provider has not answered.
func (s *Service) Steps(b *pgx.Batch, actor *authz.Actor) func(*ui.Page) []accounts.NextStep {
	var waits []*Part
	queueWaiting(b, actor.Account, &waits)
	return func(p *ui.Page) []accounts.NextStep {
		var steps []accounts.NextStep
		for _, part := range waits {
			key, tone := "orders.step."+string(part.State), ui.Info
			if part.State == Placed {
				tone = ui.Warning
			}
			steps = append(steps, accounts.NextStep{
				Icon: "basket", Tone: tone, Title: p.T(key, "number", part.Order.Title()), Href: p.Href(orderPath(part.Order.ID)), Button: p.T(key + "_go"),
				Text: p.T(key+"_text", "amount", p.Money(part.Cents), "seller", part.Seller, "time", p.Time(part.ExpiresAt), "day", p.Date(part.AnswerBy)),
			})
		}
		return steps
	}
}

// WorkSteps are what the desk of a provider's staff begins with: orders to answer, and money to give back.
func (s *Service) WorkSteps(b *pgx.Batch, actor *authz.Actor) func(*ui.Page) []accounts.NextStep {
	var unanswered, owed int
	if ids := s.providers(actor); len(ids) > 0 {
		queueWork(b, ids, &unanswered, &owed)
	}
	return func(p *ui.Page) (steps []accounts.NextStep) {
		if unanswered > 0 {
			steps = append(steps, workStep(p, "orders.work.answer", unanswered))
		}
		if owed > 0 {
			steps = append(steps, workStep(p, "orders.work.owed", owed))
		}
		return steps
	}
}

func workStep(p *ui.Page, key string, n int) accounts.NextStep {
	return accounts.NextStep{Icon: "basket", Tone: ui.Warning, Title: p.N(key, n), Text: p.T(key + "_text"), Href: p.Href(inboxPath), Button: p.T("orders.work.go")}
}
