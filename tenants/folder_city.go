package tenants

import (
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
)

// CityFile is city.yaml.
type CityFile struct {
	Name      string   `yaml:"name" validate:"required,max=80"`
	Portal    string   `yaml:"portal" validate:"required,max=80"`
	Motto     string   `yaml:"motto" validate:"required,max=140"`
	Province  string   `yaml:"province" validate:"required,len=2,uppercase"`
	ISTAT     string   `yaml:"istat" validate:"required,len=6,numeric"`
	Catastale string   `yaml:"catastale" validate:"required,len=4"`
	PatronDay string   `yaml:"patron_day" validate:"omitempty,datetime=01-02"`
	Region    linkFile `yaml:"region" validate:"required"`
	Hosts     []string `yaml:"hosts" validate:"dive,max=253,host"`
	Languages []string `yaml:"languages" validate:"required,min=1,dive,oneof=it en"`
	Brand     struct {
		Primary string `yaml:"primary" validate:"required,hexcolor,len=7,legible"`
		Accent  string `yaml:"accent" validate:"required,hexcolor,len=7,legible"`
	} `yaml:"brand" validate:"required"`
	Contacts struct {
		Phone   string `yaml:"phone" validate:"required"`
		Email   string `yaml:"email" validate:"required,email"`
		Address string `yaml:"address" validate:"required"`
		Hours   string `yaml:"hours" validate:"required"`
	} `yaml:"contacts" validate:"required"`
	Mail struct {
		FromName string `yaml:"from_name" validate:"required"`
		From     string `yaml:"from" validate:"required,email"`
		ReplyTo  string `yaml:"reply_to" validate:"omitempty,email"`
	} `yaml:"mail" validate:"required"`
	Home struct {
		Lead     string     `yaml:"lead" validate:"required"`
		Examples []string   `yaml:"examples" validate:"required,min=3,max=6"`
		Needs    []string   `yaml:"needs" validate:"required,min=8,max=10,dive,slug"`
		News     []newsFile `yaml:"news" validate:"max=4,dive"`
		En       struct {
			Lead     string   `yaml:"lead"`
			Examples []string `yaml:"examples" validate:"omitempty,min=3,max=6,dive,required"`
		} `yaml:"en"`
	} `yaml:"home" validate:"required"`
	Words map[string]map[string]string `yaml:"words" validate:"dive,keys,oneof=it en,endkeys"`
	En    struct {
		Portal string `yaml:"portal"`
		Motto  string `yaml:"motto"`
	} `yaml:"en"`
}

type linkFile struct {
	Name string `yaml:"name" validate:"required"`
	URL  string `yaml:"url" validate:"required,http_url"`
}

type newsFile struct {
	Date  string `yaml:"date" validate:"required,date"`
	Title string `yaml:"title" validate:"required"`
	Text  string `yaml:"text" validate:"required"`
	Link  string `yaml:"link"`
}

// readCity reads city.yaml and the two drawings that every city has.
func (f *Folder) readCity() {
	if node, ok := f.parse("city.yaml"); ok {
		if item, ok := decode[CityFile](f, "city.yaml", node); ok {
			f.City = item.Value
		}
	}
	for _, name := range []Picture{"mark", "motif"} {
		file := string(name) + ".svg"
		raw, err := fs.ReadFile(f.files, file)
		if err != nil {
			f.wrong(file, 1, "", "folder.missing_file", "")
			continue
		}
		f.addImage(name, file, raw)
	}
}

func (f *Folder) checkHome() {
	node, ok := f.parse("city.yaml")
	if !ok {
		return
	}
	for i, need := range f.City.Home.Needs {
		if !f.Has("needs", need) {
			field := "home.needs[" + strconv.Itoa(i) + "]"
			f.wrong("city.yaml", lineOf(node, field), field, "folder.unknown", need)
		}
	}
}

// CheckWords notes the city's own words for what the interface never says; known says whether it does.
func (f *Folder) CheckWords(known func(lang, key string) bool) {
	node, ok := f.parse("city.yaml")
	if !ok {
		return
	}
	for lang, texts := range f.City.Words {
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			if !known(lang, key) {
				f.wrong("city.yaml", lineAt(node, "words", lang, key), "words."+lang+"."+key, "folder.unknown_key", "")
			}
		}
	}
}

// CheckHosts notes the hosts that other cities have; taken says which they are.
func (f *Folder) CheckHosts(taken []string) {
	node, ok := f.parse("city.yaml")
	if !ok {
		return
	}
	for i, host := range f.City.Hosts {
		if slices.Contains(taken, host) {
			field := "hosts[" + strconv.Itoa(i) + "]"
			f.wrong("city.yaml", lineOf(node, field), field, "folder.host_taken", host)
		}
	}
}

func (c CityFile) settings() Settings {
	s := Settings{
		Portal: c.Portal, Motto: c.Motto, Province: c.Province, ISTAT: c.ISTAT, Catastale: c.Catastale, PatronDay: c.PatronDay,
		Region: Link(c.Region), Languages: c.Languages, Brand: Brand{Primary: c.Brand.Primary, Accent: c.Brand.Accent},
		Contacts: Contacts(c.Contacts), Mail: Sender(c.Mail), Words: c.Words,
		Home: Home{Lead: c.Home.Lead, Examples: c.Home.Examples, Needs: c.Home.Needs},
	}
	for _, n := range c.Home.News {
		s.Home.News = append(s.Home.News, News(n))
	}
	if en := c.Home.En; en.Lead != "" || len(en.Examples) > 0 {
		s.Home.En = &Twin{Lead: en.Lead, Examples: en.Examples}
	}
	if c.En.Portal != "" || c.En.Motto != "" {
		s.En = &Twin{Portal: c.En.Portal, Motto: c.En.Motto}
	}
	return s
}

// contrastWithWhite is the contrast ratio of a #RRGGBB colour against white (WCAG 2.1, 1.4.3), or 0 for no colour.
func contrastWithWhite(colour string) float64 {
	if len(colour) != 7 {
		return 0
	}
	var light float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0
		}
		x := float64(n) / 255
		if x <= 0.04045 {
			x /= 12.92
		} else {
			x = math.Pow((x+0.055)/1.055, 2.4)
		}
		light += weight * x
	}
	return 1.05 / (light + 0.05)
}
