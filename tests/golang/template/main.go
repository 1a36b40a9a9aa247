// SPDX-License-Identifier: Apache-2.0

// Prints tests/unit/gotemplate/cases.json: what Go's text/template, with Docker's functions, makes
// of each template of cases.go.
//
//	go run ./template > ../unit/gotemplate/cases.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
)

// Docker's additions, as its documentation describes them.
var dockerFunctions = template.FuncMap{
	"json": func(value any) string {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			panic(err)
		}
		return strings.TrimSpace(text.String())
	},
	"join":  strings.Join,
	"split": strings.Split,
	"title": strings.Title,
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"pad": func(text string, before, after int) string {
		if text == "" {
			return text
		}
		return strings.Repeat(" ", before) + text + strings.Repeat(" ", after)
	},
	"truncate": func(text string, length int) string {
		if len(text) < length {
			return text
		}
		return text[:length]
	},
}

type result struct {
	Group    string `json:"group"`
	Template string `json:"template"`
	Output   string `json:"output"`
	Error    string `json:"error,omitempty"`
}

func execute(group, name, text, missingKey string, data any) result {
	made := result{Group: group, Template: text}
	parsed, err := template.New(name).Funcs(dockerFunctions).Option("missingkey=" + missingKey).Parse(text)
	if err == nil {
		var out bytes.Buffer
		err = parsed.Execute(&out, data)
		made.Output = out.String()
	}
	if err != nil {
		made.Error = err.Error()
	}
	return made
}

func decode(text string, numbers bool) any {
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	if numbers {
		decoder.UseNumber()
	}
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

func main() {
	var document Document
	if err := json.Unmarshal([]byte(typedDocument), &document); err != nil {
		panic(err)
	}
	row := &Row{id: "0123456789ab", labels: map[string]string{"tier": "front"}}
	results := []result{}
	add := func(group, missingKey string, data any, templates []string) {
		for _, text := range templates {
			results = append(results, execute(group, "", text, missingKey, data))
		}
	}
	add("float", "default", decode(general, false), generalCases)
	add("raw", "error", decode(container, true), containerCases)
	add("columns", "default", decode(columns, false), columnCases)
	add("typed", "default", &document, typedCases)
	add("row", "default", row, rowCases)
	add("nil", "default", nil, nilCases)
	add("nil error", "error", nil, nilCases)
	for _, text := range nameCases {
		results = append(results, execute("named", "a \"n\"", text, "default", decode(general, false)))
	}

	table, err := json.MarshalIndent(map[string]any{
		"general": general, "container": container, "columns": columns, "typed": typedDocument, "cases": results,
	}, "", " ")
	if err != nil {
		panic(err)
	}
	fmt.Println(string(table))
	fmt.Fprintln(os.Stderr, len(results), "cases")
}
