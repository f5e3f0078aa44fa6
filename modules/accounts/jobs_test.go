package accounts

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/testkit"
)

// The real queue: the worker gets nothing but the job, and enters the city by itself.
func TestJobs_RunFromTheRealQueue(t *testing.T) {
	w := setup(t)
	workers := jobs.NewWorkers()
	w.Jobs(workers)
	queue, err := jobs.Open(testkit.DB(t), testkit.Cities(t), workers, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Attach(queue)
	w.browser().register("anna@posta.example").leads(t, "/registrati/grazie")
	if n := w.number("SELECT count(*) FROM river_job WHERE metadata->>'city' = $1 AND args::text LIKE '%anna%'", w.city.ID.String()); n != 0 {
		t.Error("a job carries an address")
	}
	if err := queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = queue.Stop(w.ctx) }()
	testkit.Eventually(t, "the mail arrives", func() bool {
		w.mail.mu.Lock()
		defer w.mail.mu.Unlock()
		return len(w.mail.sent) == 1 && w.mail.sent[0].To == "anna@posta.example"
	})
}

func TestJobs_RunningTwiceSendsTwoLinksThatWork(t *testing.T) {
	w := setup(t)
	account := w.person("anna@posta.example", authz.Citizen)
	for range 2 {
		if err := w.mailLink(w.ctx, account.ID, purposeReset, "/password/"); err != nil {
			t.Fatal(err)
		}
	}
	first, second := w.mail.sent[0].Link, w.mail.sent[1].Link
	path := func(link string) string { return link[strings.Index(link, "/password/"):] }
	w.browser().get(path(first)).wants(t, 200)
	w.browser().post(path(second), "password", "tre gatti sul tetto").leads(t, "/accedi")
	w.browser().get(path(first)).wants(t, 404) // one of them used, the other is worth nothing
}

func TestJobs_ForNobodyDoNothing(t *testing.T) {
	w := setup(t)
	account := w.person("anna@posta.example", authz.Citizen)
	for what, err := range map[string]error{
		"no account":            w.mailLink(w.ctx, uuid.Nil, purposeReset, "/password/"),
		"already proved":        w.mailLink(w.ctx, account.ID, purposeVerify, "/verifica/"),
		"no new address":        w.mailNewAddress(w.ctx, account.ID),
		"a notice to nobody":    w.mailNotice(w.ctx, uuid.New(), noticeKnown),
		"an invitation settled": w.mailInvitation(w.ctx, account.ID),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(w.mail.sent) != 0 {
		t.Errorf("sent %+v", w.mail.sent)
	}
}

// Every notice has its words, in both languages, and leads somewhere.
func TestNotices_HaveWords(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"it", "en"} {
		raw, err := os.ReadFile("locales/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{purposeVerify, purposeReset, purposeEmail, purposeInvite, noticeKnown, noticePassword, noticeRecovery, noticeCodes,
			noticeFactorOn, noticeFactorOff, noticeFactorReset, noticeRole, noticeEmail} {
			for _, part := range []string{"subject", "text", "button", "close"} {
				if words["accounts.mail."+kind+"."+part] == "" {
					t.Errorf("%s: no %s of %s", lang, part, kind)
				}
			}
		}
	}
	for _, notice := range []string{noticeKnown, noticePassword, noticeRecovery, noticeCodes, noticeFactorOn, noticeFactorOff, noticeFactorReset, noticeRole} {
		if noticePaths[notice] == "" {
			t.Errorf("%s leads nowhere", notice)
		}
	}
}
