// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/value.h"

#include <utility>

#include "base/error.h"

namespace skiff::gotemplate {
namespace {

class StringList final : public ListAccess {
  public:
    size_t size(const void* list) const override { return texts(list).size(); }
    Value at(const void* list, size_t index, const Type& type, Scratch&) const override {
        return Value::of(std::string_view(texts(list)[index]), *type.element);
    }

  private:
    static const std::vector<std::string>& texts(const void* list) {
        return *static_cast<const std::vector<std::string>*>(list);
    }
};

class StringMap final : public MapAccess {
  public:
    size_t size(const void* map) const override { return texts(map).size(); }
    bool find(const void* map, std::string_view key, const Type& type, Scratch&,
              Value& found) const override {
        const auto entry = texts(map).find(std::string(key));
        if (entry == texts(map).end()) return false;
        found = Value::of(std::string_view(entry->second), *type.element);
        return true;
    }
    void visit(const void* map, const Type& type, Scratch&, EntryVisitor& visitor) const override {
        for (const auto& [key, text] : texts(map)) {
            if (!visitor.entry(key, Value::of(std::string_view(text), *type.element))) return;
        }
    }

  private:
    static const std::map<std::string, std::string>& texts(const void* map) {
        return *static_cast<const std::map<std::string, std::string>*>(map);
    }
};

struct Slice {
    Value list;
    size_t first;
    size_t count;
};

class SliceList final : public ListAccess {
  public:
    size_t size(const void* list) const override { return static_cast<const Slice*>(list)->count; }
    Value at(const void* list, size_t index, const Type&, Scratch& scratch) const override {
        const Slice& slice = *static_cast<const Slice*>(list);
        return slice.list.at(slice.first + index, scratch);
    }
};

constexpr SliceList slice_access;
constexpr StringList string_list_access;
constexpr StringMap string_map_access;

}  // namespace

void Scratch::count(size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > limit) {
        throw Error(ErrorKind::unsupported, "the template makes more than {} MiB of text",
                    limit >> 20);
    }
}

std::string_view Scratch::keep(std::string text) {
    // What a short text costs beside its bytes is counted too: a million empty ones are not free.
    count(text.size() + sizeof(std::string));
    return texts_.emplace_back(std::move(text));
}

Value Scratch::keep(std::vector<std::string> texts) {
    size_t bytes = sizeof(texts);
    for (const std::string& text : texts) bytes += text.size() + sizeof(text);
    count(bytes);
    return Value::of(lists_.emplace_back(std::move(texts)));
}

Value Scratch::keep_slice(const Value& list, size_t first, size_t count_of_elements) {
    count(sizeof(Slice));
    const auto slice = std::make_shared<const Slice>(Slice{list, first, count_of_elements});
    slices_.push_back(slice);
    return Value::list(slice.get(), slice_access, list.type());
}

Value Value::of(bool value, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::boolean;
    result.scalar_.boolean = value;
    return result;
}

Value Value::of(int64_t value, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::integer;
    result.scalar_.integer = value;
    return result;
}

Value Value::of(uint64_t value, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::unsigned_integer;
    result.scalar_.unsigned_integer = value;
    return result;
}

Value Value::of(double value, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::floating;
    result.scalar_.floating = value;
    return result;
}

Value Value::of(std::string_view text, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::string;
    result.scalar_.text = text.data();
    result.more_.size = text.size();
    return result;
}

Value Value::of(const std::vector<std::string>& list) {
    return Value::list(&list, string_list_access, string_list_type);
}

Value Value::of(const std::map<std::string, std::string>& map) {
    return Value::map(&map, string_map_access, string_map_type);
}

Value Value::list(const void* list, const ListAccess& access, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::list;
    result.scalar_.object = list;
    result.more_.list = &access;
    return result;
}

Value Value::map(const void* map, const MapAccess& access, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::map;
    result.scalar_.object = map;
    result.more_.map = &access;
    return result;
}

Value Value::record(const void* record, const Type& type) {
    Value result;
    result.type_ = &type;
    result.kind_ = Kind::record;
    result.scalar_.object = record;
    return result;
}

Value Value::nil(const Type& type) {
    Value result;
    result.type_ = &type;
    result.scalar_.object = nullptr;
    result.kind_ =
        type.pointer || (type.kind != Kind::list && type.kind != Kind::map) ? Kind::nil : type.kind;
    return result;
}

bool Value::is_nil() const {
    if (kind_ == Kind::nil) return true;
    return (kind_ == Kind::list || kind_ == Kind::map) && scalar_.object == nullptr;
}

Value Value::box() const {
    Value result = *this;
    result.boxed_ = true;
    return result;
}

Value Value::unbox() const {
    if (type_ == nullptr || type_->name == any_type.name) return {};
    Value result = *this;
    result.boxed_ = false;
    return result;
}

size_t Value::size() const {
    if (kind_ == Kind::string) return more_.size;
    if (is_nil()) return 0;
    return kind_ == Kind::list ? more_.list->size(scalar_.object) : more_.map->size(scalar_.object);
}

Value Value::at(size_t index, Scratch& scratch) const {
    const Value element = more_.list->at(scalar_.object, index, *type_, scratch);
    return type_->element ? element : element.box();
}

bool Value::find(std::string_view key, Scratch& scratch, Value& found) const {
    if (is_nil() || !more_.map->find(scalar_.object, key, *type_, scratch, found)) return false;
    if (!type_->element) found = found.box();
    return true;
}

void Value::visit(Scratch& scratch, EntryVisitor& visitor) const {
    if (is_nil()) return;
    if (type_->element) {
        more_.map->visit(scalar_.object, *type_, scratch, visitor);
        return;
    }
    class Boxing final : public EntryVisitor {
      public:
        explicit Boxing(EntryVisitor& visitor) : visitor_(visitor) {}
        bool entry(std::string_view key, const Value& element) override {
            return visitor_.entry(key, element.box());
        }

      private:
        EntryVisitor& visitor_;
    } boxing(visitor);
    more_.map->visit(scalar_.object, *type_, scratch, boxing);
}

}  // namespace skiff::gotemplate
