// Package ui is the face of every page: the shell around it, the components inside it, the words on it and the assets it loads.
//
// A page of a module is a templ component that begins with @ui.Layout(p) (or @ui.WorkLayout) and takes a *ui.Page, which knows the
// city, the language and the person. Words come from p.T, never from Go or templ; dates and money from p.Date and p.Money.
//
// Components are structs, used as they are or around children:
//
//	@ui.Button{Text: p.T("service.book"), Href: p.Href("/x")}
//	@ui.Section{Title: p.T("service.how")}.With() {
//		<p>…</p>
//	}
package ui
