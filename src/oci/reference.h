// SPDX-License-Identifier: Apache-2.0
// Names of images: [domain/]path[:tag][@digest], read by Docker's grammar and completed with its
// defaults.
//
// The grammar is distribution's "reference" (path components of lower-case letters and digits with
// single separators, a domain where the first component can be no path, tags of at most 128
// characters). A parsed Reference is always complete: "busybox" is docker.io/library/busybox.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.h"

namespace skiff::oci {

class Reference {
  public:
    /// Throws Error{invalid} with Docker's words ("invalid reference format: …").
    static Reference parse(std::string_view text);

    const std::string& domain() const { return domain_; }  ///< "docker.io", "localhost:5000"
    const std::string& path() const { return path_; }      ///< "library/busybox"
    const std::string& tag() const { return tag_; }        ///< "" when none was given
    const std::optional<Digest>& digest() const { return digest_; }

    /// "docker.io/library/busybox": what shares its tags.
    std::string repository() const { return domain_ + "/" + path_; }
    /// The repository as people type it: "busybox", "localhost:5000/team/app". Parses to the same
    /// repository.
    std::string familiar_repository() const;
    /// The complete text, parsed back to the same value: "docker.io/library/busybox:latest".
    std::string text() const;
    /// The text with the familiar repository: "busybox:latest".
    std::string familiar_text() const;

    /// With the tag "latest" when there is neither tag nor digest.
    Reference with_default_tag() const;
    /// The same repository by content: no tag, this digest.
    Reference with_digest(const Digest& digest) const;
    /// Without the tag where there is a digest too: the digest says it all (as Docker looks images
    /// up).
    Reference without_redundant_tag() const;

    auto operator<=>(const Reference&) const = default;

  private:
    Reference() = default;
    std::string domain_;
    std::string path_;
    std::string tag_;
    std::optional<Digest> digest_;
};

/// A target of `tag`, `import`, `load`: parses, adds the default tag, refuses digests (content
/// names itself).
Reference parse_tag_target(std::string_view text);

}  // namespace skiff::oci
