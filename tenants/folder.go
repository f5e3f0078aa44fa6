package tenants

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
	"go.yaml.in/yaml/v3"
)

// Part is what one module takes from a city's folder: which rows of which table its files become. Parts are read in the order in
// which they are listed, so a row may refer to rows of parts before it.
type Part struct {
	Table string
	Read  func(*Folder) []Row
}

// Row is one row as the folder wants it. Columns hold plain values, a Ref to another row of the folder, or a Picture.
type Row struct {
	Slug    string
	Columns map[string]any
	settled *settled // worked out once, where many cities take the same row
}

// Ref is the id of another row of this city, known by its slug; the empty slug is NULL.
type Ref struct{ Table, Slug string }

// Picture is a drawing or photograph of the folder, or of the house; the empty name is NULL.
type Picture string

// Problem is one thing wrong with a folder. Code is the key of its words ("folder.required"), Arg what they speak of.
type Problem struct {
	File  string
	Line  int
	Field string
	Code  string
	Arg   string
}

// Problems are all things wrong with a folder.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = fmt.Sprintf("%s:%d: %s: %s %s", x.File, x.Line, x.Field, x.Code, x.Arg)
	}
	return strings.Join(lines, "\n")
}

// once drops what was noted twice, as by two parts that read the same file.
func (p Problems) once() Problems {
	seen := map[Problem]bool{}
	return slices.DeleteFunc(p, func(x Problem) bool {
		defer func() { seen[x] = true }()
		return seen[x]
	})
}

// Folder is a city's folder while it is read. What is wrong with it is collected, so that all of it is told at once.
type Folder struct {
	Slug     string
	City     CityFile
	files    fs.FS
	house    fs.FS // tenants/: template/ and pictures/
	problems Problems
	slugs    map[string]map[string]bool
	pictures map[Picture]Image
}

// Image is a picture's bytes, cleaned, and in the city's colours if it is a drawing.
type Image struct {
	ContentType string
	Body        []byte
}

// drawing is the content type of a drawing.
const drawing = "image/svg+xml"

// Plan is a folder that was read and found right.
type Plan struct {
	Slug     string
	Name     string
	Hosts    []string
	Settings Settings
	Tables   []Table
	Pictures map[Picture]Image // besides the services' own: "mark" and "motif"
}

// Rows are those that the plan wants in a table.
func (p *Plan) Rows(table string) []Row {
	for _, t := range p.Tables {
		if t.Name == table {
			return t.Rows
		}
	}
	return nil
}

// Table is the rows a plan wants in one table.
type Table struct {
	Name string
	Rows []Row
}

// ReadFolder reads and checks a city's folder; checks are what else must hold. Errors: Problems, every one with file and line.
func ReadFolder(slug string, files, house fs.FS, parts []Part, checks ...func(*Folder)) (*Plan, error) {
	f := &Folder{Slug: slug, files: files, house: house, slugs: map[string]map[string]bool{}, pictures: map[Picture]Image{}}
	if !slugPattern.MatchString(slug) || ReservedSlug(slug) {
		f.problems = append(f.problems, Problem{File: ".", Line: 1, Field: slug, Code: "folder.slug"})
	}
	f.readCity()
	plan := &Plan{Slug: slug, Name: f.City.Name, Hosts: f.City.Hosts, Settings: f.City.settings(), Pictures: f.pictures}
	for _, part := range parts {
		rows := part.Read(f)
		if f.slugs[part.Table] == nil {
			f.slugs[part.Table] = map[string]bool{}
		}
		for _, row := range rows {
			f.slugs[part.Table][row.Slug] = true
			for _, v := range row.Columns {
				if p, ok := v.(Picture); ok {
					f.loadPicture(p)
				}
			}
		}
		plan.Tables = append(plan.Tables, Table{part.Table, rows})
	}
	f.checkHome()
	for _, check := range checks {
		check(f)
	}
	if len(f.problems) > 0 {
		slices.SortStableFunc(f.problems, func(a, b Problem) int {
			if c := strings.Compare(a.File, b.File); c != 0 {
				return c
			}
			return a.Line - b.Line
		})
		return nil, f.problems.once()
	}
	return plan, nil
}

// Has says whether a row of that slug was read into table.
func (f *Folder) Has(table, slug string) bool { return f.slugs[table][slug] }

// Holds says whether the folder has a file, for those that need not be there.
func (f *Folder) Holds(file string) bool {
	_, err := fs.Stat(f.files, file)
	return err == nil
}

// Item is one thing of the folder with the place it stands at.
type Item[T any] struct {
	Value  T
	Slug   string
	Index  int // its place in a list
	folder *Folder
	file   string
	node   *yaml.Node
}

// Wrong notes that a field of the item is wrong.
func (i Item[T]) Wrong(field, code, arg string) {
	i.folder.wrong(i.file, lineOf(i.node, field), field, code, arg)
}

// Known notes a reference to nothing.
func (i Item[T]) Known(field, table string, slugs ...string) {
	for _, s := range slugs {
		if s != "" && !i.folder.Has(table, s) {
			i.Wrong(field, "folder.unknown", s)
		}
	}
}

func (f *Folder) wrong(file string, line int, field, code, arg string) {
	f.problems = append(f.problems, Problem{file, line, field, code, arg})
}

// Wrong notes that a file is wrong, for files that are not YAML.
func (f *Folder) Wrong(file string, line int, field, code, arg string) {
	f.wrong(file, line, field, code, arg)
}

// Text is a file of the folder, or else the house's template of it. own is false for the house's text, word for word.
func (f *Folder) Text(file string) (text string, own, ok bool) {
	house, houseErr := fs.ReadFile(f.house, "template/"+file)
	raw, err := fs.ReadFile(f.files, file)
	if err != nil {
		raw, err = house, houseErr
	}
	return string(raw), houseErr != nil || !bytes.Equal(raw, house), err == nil
}

// Names are the folder's own files that match a pattern such as "pages/*.md".
func (f *Folder) Names(pattern string) []string {
	names, _ := fs.Glob(f.files, pattern) // fails only for a malformed pattern
	return names
}

// One reads a file that is a single thing. ok means that it may be used.
func One[T any](f *Folder, file string) (item Item[T], ok bool) {
	node, ok := f.parse(file)
	if !ok {
		return item, false
	}
	return decode[T](f, file, node)
}

// List reads a file that is a sequence of things with a slug.
func List[T any](f *Folder, file string, slug func(T) string) []Item[T] {
	node, ok := f.parse(file)
	if !ok {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		f.wrong(file, node.Line, "", "folder.list", "")
		return nil
	}
	var items []Item[T]
	seen := map[string]bool{}
	for i, n := range node.Content {
		item, ok := decode[T](f, file, n)
		if !ok {
			continue
		}
		item.Slug, item.Index = slug(item.Value), i
		if seen[item.Slug] {
			item.Wrong("slug", "folder.twice", item.Slug)
		}
		seen[item.Slug] = true
		items = append(items, item)
	}
	return items
}

// Each reads every <folder>/*.yaml; the file's name is the slug.
func Each[T any](f *Folder, folder string) []Item[T] {
	names, _ := fs.Glob(f.files, folder+"/*.yaml")
	var items []Item[T]
	for i, name := range names {
		node, ok := f.parse(name)
		if !ok {
			continue
		}
		item, ok := decode[T](f, name, node)
		if !ok {
			continue
		}
		item.Slug, item.Index = strings.TrimSuffix(path.Base(name), ".yaml"), i
		if !slugPattern.MatchString(item.Slug) {
			f.wrong(name, 1, "", "folder.slug", item.Slug)
		}
		items = append(items, item)
	}
	return items
}

func (f *Folder) parse(file string) (*yaml.Node, bool) {
	raw, err := fs.ReadFile(f.files, file)
	if errors.Is(err, fs.ErrNotExist) {
		f.wrong(file, 1, "", "folder.missing_file", "")
		return nil, false
	}
	var doc yaml.Node
	if err == nil {
		err = yaml.Unmarshal(raw, &doc)
	}
	if err != nil {
		line, text := yamlError(err.Error())
		f.wrong(file, line, "", "folder.yaml", text)
		return nil, false
	}
	if len(doc.Content) == 0 {
		f.wrong(file, 1, "", "folder.empty", "")
		return nil, false
	}
	return doc.Content[0], true
}

// decode turns a node into T: unknown keys, wrong types and what the validate tags ask for, all noted. ok means that it may be used.
func decode[T any](f *Folder, file string, node *yaml.Node) (item Item[T], ok bool) {
	item = Item[T]{folder: f, file: file, node: node}
	before := len(f.problems)
	f.unknownKeys(file, node, reflect.TypeFor[T]())
	var typeError *yaml.TypeError
	if err := node.Decode(&item.Value); errors.As(err, &typeError) {
		for _, text := range typeError.Errors {
			line, text := yamlError(text)
			f.wrong(file, line, "", "folder.type", text)
		}
		return item, false
	} else if err != nil {
		f.wrong(file, node.Line, "", "folder.yaml", err.Error())
		return item, false
	}
	var invalid validator.ValidationErrors
	if errors.As(check.Struct(item.Value), &invalid) {
		for _, x := range invalid {
			_, field, _ := strings.Cut(x.Namespace(), ".")
			f.wrong(file, lineOf(node, field), field, "folder."+x.Tag(), x.Param())
		}
	}
	// A thing with a wrong detail is still there for others to refer to.
	return item, len(f.problems) == before || reflect.ValueOf(item.Value).Kind() == reflect.Struct
}

// unknownKeys notes keys that T does not have, at any depth.
func (f *Folder) unknownKeys(file string, node *yaml.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case node.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, n := range node.Content {
			f.unknownKeys(file, n, t.Elem())
		}
	case node.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields := map[string]reflect.Type{}
		for sf := range fieldsOf(t) {
			fields[yamlName(sf)] = sf.Type
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			ft, known := fields[key.Value]
			if !known {
				f.wrong(file, key.Line, key.Value, "folder.unknown_key", "")
				continue
			}
			f.unknownKeys(file, node.Content[i+1], ft)
		}
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func yamlName(sf reflect.StructField) string {
	name, _, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
	if name == "" {
		return strings.ToLower(sf.Name)
	}
	return name
}

// lineOf finds the line of a field such as "hours.mon[0]" below node; a missing field is where its parent begins.
func lineOf(node *yaml.Node, field string) int {
	return lineAt(node, strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' })...)
}

// lineAt is lineOf for a path whose names may hold dots.
func lineAt(node *yaml.Node, path ...string) int {
	line := node.Line
	for _, part := range path {
		next := child(node, part)
		if next == nil {
			return line
		}
		node, line = next, next.Line
	}
	return line
}

func child(node *yaml.Node, part string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if n, err := strconv.Atoi(part); err == nil && n < len(node.Content) {
			return node.Content[n]
		}
	}
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

func yamlError(text string) (int, string) {
	if m := yamlLine.FindStringSubmatch(strings.ReplaceAll(text, "\n", " ")); m != nil {
		line, _ := strconv.Atoi(m[1])
		return line, m[2]
	}
	return 1, strings.TrimPrefix(text, "yaml: ")
}

var (
	slugPattern  = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){1,59}$`)
	hostPattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	hoursPattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$`)
)

// ReservedSlug says whether a name is kept for the installation's own hosts.
func ReservedSlug(slug string) bool {
	return slices.Contains([]string{"www", "api", "rete", "posta", "mail", "admin", "status", "static"}, slug)
}

var check = newCheck()

func newCheck() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(yamlName)
	for tag, pattern := range map[string]*regexp.Regexp{"slug": slugPattern, "host": hostPattern, "span": hoursPattern} {
		_ = v.RegisterValidation(tag, func(fl validator.FieldLevel) bool { return pattern.MatchString(fl.Field().String()) })
	}
	_ = v.RegisterValidation("date", func(fl validator.FieldLevel) bool {
		_, err := time.Parse(time.DateOnly, fl.Field().String())
		return err == nil
	})
	_ = v.RegisterValidation("vat_number", func(fl validator.FieldLevel) bool { return VATNumber(fl.Field().String()) })
	_ = v.RegisterValidation("legible", func(fl validator.FieldLevel) bool { return contrastWithWhite(fl.Field().String()) >= 4.5 })
	_ = v.RegisterValidation("example", func(fl validator.FieldLevel) bool { return strings.HasSuffix(fl.Field().String(), ".example") })
	return v
}

// loadPicture reads a picture of the folder, or of the house, into the plan.
func (f *Folder) loadPicture(name Picture) {
	if name == "" || f.pictures[name].Body != nil {
		return
	}
	for _, ext := range []string{".svg", ".jpg", ".png"} {
		file := "pictures/" + string(name) + ext
		raw, err := fs.ReadFile(f.files, file)
		if err != nil {
			raw, err = fs.ReadFile(f.house, file)
		}
		if err == nil {
			f.addImage(name, file, raw)
			return
		}
	}
	f.wrong("pictures/"+string(name)+".svg", 1, "picture", "folder.missing_file", "")
}

func (f *Folder) addImage(name Picture, file string, raw []byte) {
	image := Image{Body: raw}
	switch {
	case strings.HasSuffix(file, ".svg"):
		clean, err := CleanSVG(raw)
		if err != nil {
			f.wrong(file, 1, "", "folder.drawing", err.Error())
			return
		}
		clean = bytes.ReplaceAll(clean, []byte("#101010"), []byte(f.City.Brand.Primary))
		image = Image{drawing, bytes.ReplaceAll(clean, []byte("#202020"), []byte(f.City.Brand.Accent))}
	case bytes.HasPrefix(raw, []byte("\x89PNG\r\n")):
		image.ContentType = "image/png"
	case bytes.HasPrefix(raw, []byte{0xFF, 0xD8, 0xFF}):
		image.ContentType = "image/jpeg"
	default:
		f.wrong(file, 1, "", "folder.picture", "")
		return
	}
	f.pictures[name] = image
}

// VATNumber says whether s is a partita IVA: 11 digits, the last by Luhn (DPR 633/1972 art. 35).
func VATNumber(s string) bool {
	if len(s) != 11 {
		return false
	}
	sum := 0
	for i, r := range s {
		if r < '0' || r > '9' {
			return false
		}
		d := int(r - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
