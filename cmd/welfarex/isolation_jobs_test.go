package main

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/tenants"
)

// jobs: each enters its city before anything else, and one without a city does nothing.
func jobsAlone(h hand) {
	citizen := h.beta.things.accounts["citizen"]
	alfa := fmt.Sprintf(`{"city": %q}`, h.alfa.record.ID)
	for _, c := range []struct{ name, metadata string }{
		{"no city", `{}`}, {"an empty city", `{"city": ""}`}, {"a city that is no id", `{"city": "beta"}`}, {"the nil city", `{"city": "00000000-0000-0000-0000-000000000000"}`},
		{"a city of nobody", fmt.Sprintf(`{"city": %q}`, uuid.Must(uuid.NewV7()))}, {"alfa, about a person of beta", alfa},
	} {
		_, before := h.mailSays(0)
		ids := []int64{h.putJob("accounts.reset_mail", fmt.Sprintf(`{"Account": %q}`, citizen), c.metadata)}
		if c.metadata != alfa { // nor may a job without a city fall to the first one that has the person
			ids = append(ids, h.putJob("accounts.reset_mail", fmt.Sprintf(`{"Account": %q}`, h.alfa.things.accounts["citizen"]), c.metadata))
		}
		h.eventually(h.T, "the jobs were tried", func() bool {
			return h.rows("SELECT count(*) FROM river_job WHERE id = ANY ($1) AND attempt > 0 AND state NOT IN ('running', 'available')", ids) == len(ids)
		})
		_, after := h.mailSays(before)
		h.check("a job with "+c.name, after == before, "sent a mail")
		_, err := h.super.Exec(h.ctx, "DELETE FROM river_job WHERE id = ANY ($1)", ids)
		h.must(err)
	}
	_, before := h.mailSays(0)
	h.putJob("accounts.reset_mail", fmt.Sprintf(`{"Account": %q}`, h.alfa.things.accounts["citizen"]), alfa)
	h.must(h.settled(h.ctx))
	_, after := h.mailSays(before)
	h.check("a job of alfa about a person of alfa", after == before+1, "sends no mail, so the cases above prove nothing")
	h.check("asking for a job without a city", errors.Is(h.app.queue.Enqueue(h.ctx, accounts.ResetMail{Account: citizen}), tenants.ErrNoCity), "was taken")
}

// suspended: a city that is closed for a while answers nobody, works on nothing, and goes on where it stopped.
func suspended(h hand) {
	h.must(h.app.db.SetStatus(h.alfa.in(h.ctx), tenants.StatusSuspended))
	h.eventually(h.T, "alfa is suspended", func() bool { return h.app.cities.ByID(h.alfa.record.ID).Status == tenants.StatusSuspended })
	for _, target := range []string{"/", "/servizi", "/area-personale", "/amministrazione", "/en", "/accedi"} {
		r := h.get(h.alfa, h.alfa.Person("city_admin").Session, target)
		h.check("a suspended city at "+target, r.Status == 503 && r.Header.Get("Cache-Control") == "no-store" && r.Header.Get("X-Robots-Tag") == "noindex", itoa(r.Status))
	}
	r := h.post(h.alfa, "", "/accedi", nil)
	h.check("a login at a suspended city", r.Status == 503 && cookie(r) == "", itoa(r.Status))
	_, before := h.mailSays(0)
	id := h.putJob("accounts.reset_mail", fmt.Sprintf(`{"Account": %q}`, h.alfa.things.accounts["citizen"]), fmt.Sprintf(`{"city": %q}`, h.alfa.record.ID))
	h.eventually(h.T, "the job waits", func() bool {
		return h.rows("SELECT count(*) FROM river_job WHERE id = $1 AND state = 'scheduled'", id) == 1
	})
	_, after := h.mailSays(before)
	h.check("a job of a suspended city", after == before, "was done")
	h.check("the twin of a suspended city", h.get(h.beta, "", "/").Status == 200, "does not answer")

	h.must(h.app.db.SetStatus(h.alfa.in(h.ctx), tenants.StatusOpen))
	h.eventually(h.T, "alfa is open", func() bool { return h.app.cities.ByID(h.alfa.record.ID).Status == tenants.StatusOpen })
	_, err := h.super.Exec(h.ctx, "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE id = $1", id)
	h.must(err)
	h.must(h.settled(h.ctx))
	wrong, after := h.mailSays(before)
	h.check("the job after the city is open again", after == before+1 && len(wrong) == 0, "was lost")
}

// putJob puts a job into the queue as only someone inside the database could.
func (h hand) putJob(kind, args, metadata string) (id int64) {
	h.Helper()
	h.must(h.super.QueryRow(h.ctx, `INSERT INTO river_job (kind, args, metadata, max_attempts, state, queue, priority, scheduled_at)
		VALUES ($1, $2, $3, 3, 'available', 'default', 1, now()) RETURNING id`, kind, args, metadata).Scan(&id))
	return id
}
