// SPDX-License-Identifier: Apache-2.0
// What a template looks at: values of the Go kinds that JSON documents and output rows have.
//
// gotemplate/ is Go's text/template with Docker's additional functions: same grammar, same output,
// same error texts. It knows nothing of containers. It is not a general model of Go: no pointers to
// pointers, channels, functions or complex numbers.
//
// A Value is a view of 32 bytes that owns nothing: the document or row behind it stays the caller's
// and must outlive the execution. Text that a getter has to compute is kept in the Scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::gotemplate {

class Value;
struct Field;
struct Type;

enum class Kind : uint8_t {
    nil,  ///< no value; with a type: a nil pointer or interface
    boolean,
    integer,
    unsigned_integer,
    floating,
    string,
    list,
    map,    ///< keys are strings
    record  ///< a Go struct: named fields and methods
};

/// The Go type of a value. Declare these `constexpr` (nothing runs before main). Two types are the
/// same when their names are.
struct Type {
    Kind kind = Kind::nil;
    /// As Go's reflect prints it: "int", "json.Number", "[]string", "map[string]interface {}",
    /// "*formatter.ContainerContext".
    std::string_view name;
    /// Of lists and maps: what the elements are declared as; nullptr is interface{}.
    const Type* element = nullptr;
    /// Of maps: a string type; nullptr is `string` itself.
    const Type* key = nullptr;
    /// Of records; methods also of other kinds.
    std::span<const Field> fields = {};
    /// The name begins with '*': the value may be nil, and `.Field` of a nil is an error of its
    /// own.
    bool pointer = false;
    /// Of records whose fields are methods: the json function prints an object of all methods
    /// without parameters, sorted, '<', '>' and '&' escaped, as Docker's rows marshal themselves.
    bool marshals_methods = false;
};

/// Owns text that is made while a template runs. Views stay valid until it is destroyed.
class Scratch {
  public:
    static constexpr size_t limit = 64 << 20;

    Scratch() = default;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    /// Throws Error{unsupported} when more than `limit` bytes are kept.
    std::string_view keep(std::string text);
    /// A `[]string` of these.
    Value keep(std::vector<std::string> texts);
    /// `count` elements of a list from `first` on; of the list's type.
    Value keep_slice(const Value& list, size_t first, size_t count);

  private:
    void count(size_t bytes);

    std::deque<std::string> texts_;
    std::deque<std::vector<std::string>> lists_;
    std::vector<std::shared_ptr<const void>> slices_;
    size_t bytes_ = 0;
};

/// One field or method of a record.
struct Field {
    std::string_view name;
    /// The value of a field, or what a method without parameters returns. `self` is this Field;
    /// `record` what the Value was made with (of a type that is no record, the Value itself).
    Value (*get)(const void* record, const Field& self, Scratch& scratch) = nullptr;
    /// What the field is declared as; nullptr is interface{}.
    const Type* type = nullptr;
    /// The key in JSON; empty: the name.
    std::string_view json_key = {};
    /// A Go method: not printed by %v, but `.Name` calls it.
    bool method = false;
    /// Of methods with parameters (then `call` is used, not `get`). Throw Error to fail: "error
    /// calling NAME: message".
    std::span<const Type* const> parameters = {};
    Value (*call)(const void* record, std::span<const Value> arguments, Scratch& scratch) = nullptr;
    /// Go's `omitempty`: the json function leaves out false, 0, nil and what has no elements.
    bool omit_empty = false;
};

/// Receives the entries of a map; returns false to stop.
class EntryVisitor {
  public:
    virtual bool entry(std::string_view key, const Value& element) = 0;

  protected:
    ~EntryVisitor() = default;
};

/// How to look into a list. One constexpr instance per C++ representation; `list` is what the
/// Value was made with.
class ListAccess {
  public:
    virtual size_t size(const void* list) const = 0;
    /// `index` is less than size().
    virtual Value at(const void* list, size_t index, const Type& type, Scratch& scratch) const = 0;

  protected:
    ~ListAccess() = default;
};

/// How to look into a map.
class MapAccess {
  public:
    virtual size_t size(const void* map) const = 0;
    /// False, and `found` untouched, when there is no such key.
    virtual bool find(const void* map, std::string_view key, const Type& type, Scratch& scratch,
                      Value& found) const = 0;
    /// In ascending order of the keys' bytes.
    virtual void visit(const void* map, const Type& type, Scratch& scratch,
                       EntryVisitor& visitor) const = 0;

  protected:
    ~MapAccess() = default;
};

/// interface{}: the type of a nil that an untyped element holds.
inline constexpr Type any_type{Kind::nil, "interface {}"};
inline constexpr Type bool_type{Kind::boolean, "bool"};
inline constexpr Type int_type{Kind::integer, "int"};
inline constexpr Type int64_type{Kind::integer, "int64"};
inline constexpr Type uint64_type{Kind::unsigned_integer, "uint64"};
inline constexpr Type float64_type{Kind::floating, "float64"};
inline constexpr Type string_type{Kind::string, "string"};
inline constexpr Type string_list_type{Kind::list, "[]string", &string_type};
inline constexpr Type any_list_type{Kind::list, "[]interface {}"};
inline constexpr Type string_map_type{Kind::map, "map[string]string", &string_type};
inline constexpr Type any_map_type{Kind::map, "map[string]interface {}"};

class Value {
  public:
    /// No value: nil, an interface holding nothing.
    constexpr Value() = default;

    static Value of(bool value, const Type& type = bool_type);
    static Value of(int64_t value, const Type& type = int64_type);
    static Value of(int value) { return of(int64_t{value}, int_type); }
    static Value of(uint64_t value, const Type& type = uint64_type);
    static Value of(double value, const Type& type = float64_type);
    /// The text is borrowed.
    static Value of(std::string_view text, const Type& type = string_type);
    static Value of(const char* text) { return of(std::string_view(text)); }
    /// Borrowed; `[]string`.
    static Value of(const std::vector<std::string>& list);
    /// Borrowed; `map[string]string`.
    static Value of(const std::map<std::string, std::string>& map);
    static Value list(const void* list, const ListAccess& access, const Type& type);
    static Value map(const void* map, const MapAccess& access, const Type& type);
    static Value record(const void* record, const Type& type);
    /// A nil pointer, list or map of this type, or (any_type) an interface that holds nothing.
    static Value nil(const Type& type);

    Kind kind() const { return kind_; }
    /// Nothing at all: Go's invalid reflect.Value.
    bool absent() const { return type_ == nullptr; }
    /// Absent, or a nil pointer, interface, list or map.
    bool is_nil() const;
    /// Was read from an element declared interface{}: Go's messages then name that type.
    bool boxed() const { return boxed_; }
    Value box() const;
    /// Without the interface around it; an interface that holds nothing becomes absent.
    Value unbox() const;
    /// Not of absent values.
    const Type& type() const { return *type_; }
    /// "int", …; "<nil>" of absent values.
    std::string_view type_name() const { return type_ ? type_->name : "<nil>"; }

    /// The type of what a pointer points to; otherwise type_name().
    std::string_view pointed_type_name() const {
        return type_name().substr(type_ && type_->pointer ? 1 : 0);
    }

    // Each only for its kind.
    bool boolean() const { return scalar_.boolean; }
    int64_t integer() const { return scalar_.integer; }
    uint64_t unsigned_integer() const { return scalar_.unsigned_integer; }
    double floating() const { return scalar_.floating; }
    std::string_view text() const { return {scalar_.text, more_.size}; }
    /// Elements of a list or map, bytes of a string.
    size_t size() const;
    /// Of a list: `index` is less than size().
    Value at(size_t index, Scratch& scratch) const;
    /// Of a map.
    bool find(std::string_view key, Scratch& scratch, Value& found) const;
    void visit(Scratch& scratch, EntryVisitor& visitor) const;
    /// Of a record: the object that Field::get receives.
    const void* object() const { return scalar_.object; }

  private:
    const Type* type_ = nullptr;
    union {
        bool boolean;
        int64_t integer;
        uint64_t unsigned_integer;
        double floating;
        const char* text;
        const void* object;
    } scalar_ = {.integer = 0};
    union {
        size_t size;
        const ListAccess* list;
        const MapAccess* map;
    } more_ = {.size = 0};
    Kind kind_ = Kind::nil;
    bool boxed_ = false;
};

}  // namespace skiff::gotemplate
