package ledger

import (
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const (
	statementPath = "/ente/estratto"
	accountsPath  = "/amministrazione/conti"
	railPath      = accountsPath + "/movimenti"
)

// Routes are this module's pages.
func (s *Service) Routes() []web.Route {
	statement, ledger := web.May("read", "statement"), web.May("read", "ledger")
	return []web.Route{
		{Method: "GET", Path: statementPath, About: "A provider's statement of a month: what it earned, what went back.", Who: statement, Class: web.Provider, Query: []string{"ente", "mese", "dopo"}, Handle: s.showStatement},
		{Method: "GET", Path: statementPath + ".csv", About: "The same statement, whole, as a table for a spreadsheet.", Who: statement, Class: web.Provider, Query: []string{"ente", "mese"}, Handle: s.sendStatement},
		{Method: "GET", Path: accountsPath, About: "The balance of every rail and provider, and whether the ledger holds.", Who: ledger, Class: web.Office, Handle: s.showAccounts},
		{Method: "GET", Path: accountsPath + ".csv", About: "The same balances as a table for a spreadsheet.", Who: ledger, Class: web.Office, Handle: s.sendAccounts},
		{Method: "GET", Path: railPath, About: "A month of a rail: what came in over it, what went back.", Who: ledger, Class: web.Office, Query: []string{"conto", "mese", "dopo"}, Handle: s.showRail},
		{Method: "GET", Path: railPath + ".csv", About: "The same month, whole, as a table for a spreadsheet.", Who: ledger, Class: web.Office, Query: []string{"conto", "mese"}, Handle: s.sendRail},
	}
}

// private begins a page that search engines have no business with.
func private(r *web.Request, title string, above ...ui.Crumb) *ui.Page {
	p := r.Page(title)
	p.NoIndex = true
	p.Crumbs = append(above, ui.Crumb{Title: title})
	return p
}

func (s *Service) showStatement(r *web.Request) error {
	v, err := s.ProviderStatement(r.Ctx, r.Actor, Asked{Provider: r.Query("ente"), Month: r.Query("mese"), Cursor: r.Query("dopo")})
	if err != nil {
		return err
	}
	return r.Show(statementPage(private(r, r.T("ledger.statement.title"), ui.Crumb{Title: r.T("ledger.provider"), Href: "/ente"}), v))
}

func (s *Service) sendStatement(r *web.Request) error {
	v, err := s.ProviderStatement(r.Ctx, r.Actor, Asked{Provider: r.Query("ente"), Month: r.Query("mese"), Whole: true})
	if err != nil {
		return err
	}
	return send(r, "estratto-"+v.Seller.Slug+"-"+v.month(), statementTable(r.Page(""), &v.MonthView))
}

// area is the workbench in which whoever reads the city's accounts works.
func (s *Service) area(r *web.Request) (area, path string) {
	if s.policy.May(r.Actor, "enter", "administration") {
		return "administration", "/amministrazione"
	}
	return "municipality", "/comune"
}

//words: ledger.area.administration ledger.area.municipality

func (s *Service) showAccounts(r *web.Request) error {
	standings, findings, err := s.Accounts(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	compared, err := s.Compared(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	area, path := s.area(r)
	p := private(r, r.T("ledger.accounts.title"), ui.Crumb{Title: r.T("ledger.area." + area), Href: path})
	return r.Show(accountsPage(p, area, standings, findings, compared))
}

func (s *Service) showRail(r *web.Request) error {
	v, err := s.RailStatement(r.Ctx, r.Actor, Asked{Rail: r.Query("conto"), Month: r.Query("mese"), Cursor: r.Query("dopo")})
	if err != nil {
		return err
	}
	area, path := s.area(r)
	title := r.T("ledger.rail_statement.title", "rail", railName(r.Page(""), v.Rail.Name))
	p := private(r, title, ui.Crumb{Title: r.T("ledger.area." + area), Href: path}, ui.Crumb{Title: r.T("ledger.accounts.title"), Href: accountsPath})
	return r.Show(railPage(p, area, v))
}

func (s *Service) sendRail(r *web.Request) error {
	v, err := s.RailStatement(r.Ctx, r.Actor, Asked{Rail: r.Query("conto"), Month: r.Query("mese"), Whole: true})
	if err != nil {
		return err
	}
	return send(r, "canale-"+v.Rail.Name+"-"+v.month(), statementTable(r.Page(""), &v.MonthView))
}

func (s *Service) sendAccounts(r *web.Request) error {
	standings, _, err := s.Accounts(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return send(r, "conti-"+s.now().In(ui.Rome).Format("2006-01-02"), accountsTable(r.Page(""), standings))
}

// send answers with a table as a file.
func send(r *web.Request, name string, t table) error {
	body, err := t.csv()
	if err != nil {
		return err
	}
	r.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	return r.Send("text/csv; charset=utf-8", body)
}
