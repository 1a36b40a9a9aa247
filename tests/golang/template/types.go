// SPDX-License-Identifier: Apache-2.0

package main

import "errors"

// Port is a string type of its own, as the keys of Docker's port maps are.
type Port string

// State is looked at by value and through pointers.
type State struct {
	Status   string
	ExitCode int
	Pid      int64
	Running  bool
}

// Document has a field of each declared type that tables and documents of skiff have.
type Document struct {
	Name     string
	Count    int
	Size     uint64
	Ratio    float64
	Yes      bool
	State    *State
	Value    State
	Nothing  *State
	Labels   map[string]string
	NoLabels map[string]string
	Args     []string
	NoArgs   []string
	Any      any
	NoAny    any
	Limit    *int64
	NoLimit  *int64
	Ports    map[Port][]string
	Items    []State
	Tagged   string `json:"tag"`
	Extra    map[string]any
}

const typedDocument = `{"Name":"web","Count":3,"Size":18446744073709551615,"Ratio":0.5,"Yes":true,` +
	`"State":{"Status":"running","ExitCode":0,"Pid":1234,"Running":true},` +
	`"Value":{"Status":"exited","ExitCode":137,"Pid":0,"Running":false},"Nothing":null,` +
	`"Labels":{"b":"2","a":"1"},"NoLabels":null,"Args":["x","y z"],"NoArgs":null,` +
	`"Any":{"k":[1,"two"]},"NoAny":null,"Limit":100,"NoLimit":null,` +
	`"Ports":{"80/tcp":["8080","8081"]},` +
	`"Items":[{"Status":"a","ExitCode":1,"Pid":2,"Running":true},{"Status":"b","ExitCode":3,"Pid":4,"Running":false}],` +
	`"tag":"t<&>","Extra":{"n":1.5,"s":"x","z":null}}`

// Row has methods, as the rows of Docker's tables have.
type Row struct {
	id     string
	labels map[string]string
}

// ID is the text of a column.
func (r *Row) ID() string { return r.id }

// Count is a column of another type.
func (r *Row) Count() int { return 7 }

// Ports is a column with a list.
func (r *Row) Ports() []string { return []string{"80/tcp", "443/tcp"} }

// Platform is a column that may be nothing.
func (r *Row) Platform() *State { return nil }

// Label takes an argument.
func (r *Row) Label(name string) string { return r.labels[name] }

// Sum takes two, of another type.
func (r *Row) Sum(a, b int) int { return a + b }

// Broken fails.
func (r *Row) Broken() (string, error) { return "", errors.New("cannot tell") }
