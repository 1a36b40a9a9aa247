// SPDX-License-Identifier: Apache-2.0
#include "engine/container/own_files.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/account_entries.h"
#include "engine/container/container_network.h"
#include "engine/container/etc_files.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/nested_maps.h"
#include "engine/container/resolv_conf_watch.h"
#include "engine/container/time_zone.h"

namespace skiff::engine {
namespace {

void write_etc_file(const ContainerFiles& files, const char* name, const std::string& content) {
    // No rename needed: the container does not run, so nobody reads.
    Fd file = open_at(files.directory(), name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    write_all(file.get(), content, name);
}

void write_etc_files(const ContainerFiles& files, const ContainerRecord& record,
                     const std::string& hostname) {
    const CreateRequest& request = record.request;
    if (!shared_container(request.namespaces.network).empty()) return;  // it has the other's
    HostsFile hosts{
        .hostname = hostname, .own_address = {}, .extra = request.add_hosts, .host_gateway = {}};
    if (has_private_network(request)) {
        const network::HelperConfig config = network_config(request);
        hosts.own_address = network::to_text(config.address);
        hosts.host_gateway = host_gateway(request);
    } else if (request.namespaces.network == "host") {
        hosts.host_gateway = "127.0.0.1";
    }
    write_etc_file(files, "hostname", hostname + "\n");
    if (!request.domainname.empty()) hosts.hostname += "." + request.domainname;
    if (!request.no_hosts) write_etc_file(files, "hosts", hosts_content(hosts));
    write_etc_file(files, "resolv.conf", container_resolv_conf(request, host_resolv_conf()));
}

/// What is shown in /etc beside the three files, each as the container's root has it.
std::vector<std::string> write_added_files(const ContainerFiles& files,
                                           const ContainerRecord& record, const RootDir& root,
                                           const ContainerUser& user) {
    std::vector<std::string> names;
    const auto add = [&](const char* name, const std::string& content) {
        write_etc_file(files, name, content);
        names.emplace_back(name);
    };
    if (!record.request.timezone.empty()) add("localtime", read_time_zone(record.request.timezone));
    const AccountFiles accounts = account_files(record, root, user);
    if (accounts.passwd) add("passwd", *accounts.passwd);
    if (accounts.group) add("group", *accounts.group);
    return names;
}

void give(const ContainerFiles& files, const char* name, Owner owner) {
    if (fchownat(files.directory(), name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot give '{}' to the container's root", name);
}

}  // namespace

std::vector<std::string> write_own_files(const ContainerFiles& files, const ContainerRecord& record,
                                         const OwnFilesRequest& request) {
    write_etc_files(files, record, request.hostname);
    std::vector<std::string> added = write_added_files(files, record, request.root, request.user);
    if (request.nested) {  // and then nothing is joined
        const Owner owner = root_owner(request.nested);
        std::vector<std::string> names = added;
        names.insert(names.end(), {"hostname", "resolv.conf"});
        if (!record.request.no_hosts) names.emplace_back("hosts");
        for (const std::string& name : names) give(files, name.c_str(), owner);
    }
    return added;
}

}  // namespace skiff::engine
