package publishing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
)

func whose() catalogue.Profile {
	return catalogue.Profile{About: "Noi", Address: "Via Po 1", Phone: "0372 555", Email: "info@acero.example"}
}

func TestPages_ADraftIsWrittenStepByStep(t *testing.T) {
	w := setup(t)
	w.get("paolo", deskPath).wants(t, 200, "Non c'è ancora nessun servizio")
	w.post("paolo", deskPath+"/nuovo", "title", "").wants(t, 422, "Scrivi come si chiama")
	a := w.post("paolo", deskPath+"/nuovo", "title", "Spesa <b>a casa</b>")
	a.leads(t, deskPath+"/")
	id := uuid.MustParse(strings.Split(a.where, "/")[3])
	w.get("paolo", a.where).wants(t, 200, "Passo 1 di 5", "Quartieri serviti")
	w.post("paolo", servicePath(id, "essenziale"), "revision", "1", "title", "Spesa a casa", "summary", "La spesa.", "category", "pasti", "needs", "casa", "for", "anziani", "for", "adulti",
		"where", "casa", "topics", "Casa").leads(t, servicePath(id, "testi"))
	w.get("paolo", servicePath(id)).wants(t, 200, "Che cosa manca", "Scrivi a chi è rivolto.", "Anziani, Adulti", "Continua a scrivere")
	// What cannot stay is told, and saved all the same: nothing typed is lost.
	w.post("paolo", servicePath(id, "prezzo"), "revision", "2", "price_kind", "fixed", "price", "sette e mezzo", "unit", "pasto").wants(t, 422, "per esempio 12,50")
	page := w.get("paolo", servicePath(id, "prezzo"))
	page.wants(t, 200)
	if !strings.Contains(page.body, `value="sette e mezzo"`) || !strings.Contains(page.body, `name="revision" value="3"`) {
		t.Error("what was typed is gone")
	}
	w.post("paolo", servicePath(id, "prezzo"), "revision", "3", "price_kind", "fixed", "price", "7,50", "then", "back").leads(t, servicePath(id)+"?fatto")
	w.post("paolo", servicePath(id, "invio"), "revision", "4").wants(t, 409, "manca ancora qualcosa")
	w.post("paolo", servicePath(id, "testi"), "revision", "4", "addressed", "A tutti", "how", "Così", "needed", "Niente", "obtained", "La spesa", "times", "Subito",
		"access", "Chiama", "conditions", "Nessuna").leads(t, servicePath(id, "prezzo"))
	w.get("paolo", servicePath(id)).wants(t, 200, "Manda al Comune")
	w.post("paolo", servicePath(id, "invio"), "revision", "5").leads(t, servicePath(id)+"?fatto=publishing.submitted")
	w.get("paolo", servicePath(id, "testi")).leads(t, servicePath(id))
	w.post("paolo", servicePath(id, "testi"), "revision", "6", "how", "Tardi").wants(t, 409, "già dal Comune", "Tardi")
	w.get("marco", reviewPath).wants(t, 200, "Spesa a casa", "Cooperativa acero")
	w.get("marco", reviewOf(id)).wants(t, 200, "Approva e pubblica", "La spesa")
	w.get("marco", reviewOf(id, "anteprima")).wants(t, 200, "Anteprima", "7,50")
	w.post("marco", reviewOf(id, "rinvio"), "revision", "6", "reason", "").wants(t, 422, "Scrivi perché")
	w.post("paolo", servicePath(id, "ritiro")).leads(t, servicePath(id))
	w.post("marco", reviewOf(id, "approvazione"), "revision", "6").wants(t, 404)
	w.submits("paolo", id)
	w.post("marco", reviewOf(id, "approvazione"), "revision", "6").wants(t, 409, "Nel frattempo")
	w.post("marco", reviewOf(id, "approvazione"), "revision", fmt.Sprint(w.version(id).Revision)).leads(t, reviewPath+"?fatto=publishing.approved")
	w.get("", "/servizi/spesa-a-casa").wants(t, 200, "7,50")
	w.get("paolo", servicePath(id, "rimozione")).wants(t, 200, "Vuoi togliere")
	w.post("paolo", servicePath(id, "rimozione")).leads(t, servicePath(id))
	w.get("", "/servizi/spesa-a-casa").wants(t, 404)
}

func TestPages_AStaleFormKeepsWhatWasTyped(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", whole())
	w.post("piera", servicePath(id, "contatti"), "revision", "2", "phone", "0372 111", "status", "active").leads(t, servicePath(id))
	page := w.post("paolo", servicePath(id, "contatti"), "revision", "2", "phone", "0372 222", "status", "active")
	page.wants(t, 409, "Nel frattempo")
	if !strings.Contains(page.body, `value="0372 222"`) || !strings.Contains(page.body, `name="revision" value="3"`) {
		t.Error("what was typed is gone")
	}
	if w.version(id).Content.Phone != "0372 111" {
		t.Error("the colleague's words are gone")
	}
	w.post("paolo", servicePath(id, "contatti"), "revision", "3", "phone", "0372 222", "status", "active").leads(t, servicePath(id))
}

func TestPages_InEnglishToo(t *testing.T) {
	w := setup(t)
	id := w.published()
	for _, path := range []string{deskPath, servicePath(id), deskPath + "/nuovo", profilePath + "/acero"} {
		page := w.get("paolo", "/en"+path)
		page.wants(t, 200)
		if strings.Contains(page.text(), "publishing.") {
			t.Errorf("%s shows a bare key: %s", path, page.text())
		}
	}
	w.get("marco", "/en"+reviewPath).wants(t, 200, "No sheet is waiting")
}
