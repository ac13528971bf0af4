#include "core/admin/keys.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>

#include "tests/admin/scratch.h"

namespace jumpgate {
namespace {

std::string problem_of(std::string_view text) {
    const std::optional<Problem> problem = Keys().add(text, Role::Admin);
    return problem ? problem->text : "accepted";
}

TEST(Keys, RefuseWhatEverybodyKnowsAndSayWhy) {
    for (const char* key :
         {"edd1c9f034335f136f87ad84b625c8f1", "4054f7cf07e344346cd3f287985e76a2"}) {
        EXPECT_NE(problem_of(key).find("CVE-2020-13945"), std::string::npos) << key;
        const std::string second = std::string("0123456789abcdef\n") + key + "\n";
        EXPECT_EQ(problem_of(second).find("line 2: the key is a key that Apache APISIX"), 0U);
    }
}

TEST(Keys, RefuseWhatIsNoKey) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "holds no key"},
        {"# only a comment\n\n", "holds no key"},
        {"0123456789abcde", "line 1: the key has 15 characters; allowed: 16 to 256"},
        {std::string(257, 'x'), "line 1: the key has 257 characters; allowed: 16 to 256"},
        {"\n\n0123456789 abcdef", "line 3: the key holds a character that is not printable ASCII"},
        {"0123456789\x01"
         "bcdef",
         "line 1: the key holds a character that is not printable ASCII"},
        {"0123456789abcdef\n0123456789abcdef", "line 2: the key is there twice"},
    };
    for (const auto& [text, problem] : cases) EXPECT_EQ(problem_of(text), problem) << text;
}

TEST(Keys, SeveralPerRoleSoThatTheyCanBeChangedOneByOne) {
    Keys keys;
    EXPECT_FALSE(keys.add("# ours\r\n0123456789abcdef\r\n\n 0123456789abcdeg\t", Role::Admin));
    EXPECT_FALSE(keys.add("0123456789abcdeh", Role::Viewer));
    EXPECT_EQ(keys.add("0123456789abcdef", Role::Viewer)->text, "line 1: the key is there twice");
    EXPECT_EQ(keys.role_of("0123456789abcdef"), Role::Admin);
    EXPECT_EQ(keys.role_of("0123456789abcdeg"), Role::Admin);
    EXPECT_EQ(keys.role_of("0123456789abcdeh"), Role::Viewer);
    for (const char* wrong : {"", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF"})
        EXPECT_FALSE(keys.role_of(wrong).has_value()) << wrong;
    EXPECT_FALSE(keys.role_of(std::string(100'000, '0')).has_value());
}

TEST(EqualInConstantTime, TellsLengthsApartBeyondItsLimit) {
    const std::string longest(kKeyLengthMax, 'k');
    EXPECT_TRUE(equal_in_constant_time(longest, longest));
    EXPECT_FALSE(equal_in_constant_time(longest, longest + "k"));
    EXPECT_FALSE(equal_in_constant_time("a", std::string("a\0", 2)));
    EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(OpenKeyFile, MakesAKeyOnceThatOnlyItsOwnerMayRead) {
    const Scratch scratch;
    Keys keys;
    const Parsed<KeyFile> first = open_key_file(scratch.path("key"), Role::Admin, keys);
    ASSERT_TRUE(std::holds_alternative<KeyFile>(first)) << std::get<Problem>(first).text;
    EXPECT_TRUE(std::get<KeyFile>(first).generated);
    EXPECT_EQ(std::get<KeyFile>(first).warning, "");
    EXPECT_EQ(scratch.mode("key"), 0600U);
    const std::string text = scratch.read("key");
    ASSERT_EQ(text.size(), 65U);
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), 64U);
    EXPECT_EQ(keys.role_of(text.substr(0, 64)), Role::Admin);

    Keys again;
    const Parsed<KeyFile> second = open_key_file(scratch.path("key"), Role::Admin, again);
    ASSERT_TRUE(std::holds_alternative<KeyFile>(second));
    EXPECT_FALSE(std::get<KeyFile>(second).generated);
    EXPECT_EQ(scratch.read("key"), text);
    (void)open_key_file(scratch.path("other"), Role::Admin, again);
    EXPECT_NE(scratch.read("other"), text);
}

// The process ends at its first call of `number`, as at a crash: seccomp(2).
void end_at_syscall(uint32_t number) {
    std::array<sock_filter, 4> filter = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{filter.size(), filter.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(1);
}

TEST(OpenKeyFile, NoCrashLeavesHalfAKey) {
    for (const long number : {SYS_write, SYS_fsync, SYS_renameat2, SYS_close}) {
        const Scratch scratch;
        const std::string path = scratch.path("key");
        const pid_t child = fork();
        if (child == 0) {
            end_at_syscall(static_cast<uint32_t>(number));
            Keys keys;
            (void)open_key_file(path, Role::Admin, keys);
            _exit(0);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << number << ": " << WEXITSTATUS(status);
        Keys keys;
        const Parsed<KeyFile> opened = open_key_file(path, Role::Admin, keys);
        ASSERT_TRUE(std::holds_alternative<KeyFile>(opened))
            << number << ": " << std::get<Problem>(opened).text;
        EXPECT_EQ(keys.role_of(scratch.read("key").substr(0, 64)), Role::Admin) << number;
    }
}

TEST(OpenKeyFile, LeavesNothingBesideIt) {
    const Scratch scratch;
    Keys keys;
    (void)open_key_file(scratch.path("key"), Role::Admin, keys);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

TEST(OpenKeyFile, WarnsWhereOthersMayReadIt) {
    const Scratch scratch;
    const std::string path = scratch.write("key", "0123456789abcdef\n");
    ASSERT_EQ(chmod(path.c_str(), 0644), 0);
    Keys keys;
    const Parsed<KeyFile> opened = open_key_file(path, Role::Viewer, keys);
    ASSERT_TRUE(std::holds_alternative<KeyFile>(opened));
    EXPECT_EQ(std::get<KeyFile>(opened).warning,
              path + ": others than its owner may use it (mode 0644); chmod 600");
}

TEST(OpenKeyFile, NamesThePathOfWhatItCannotUse) {
    const Scratch scratch;
    const std::string empty = scratch.write("empty", "");
    const std::string known = scratch.write("known", "edd1c9f034335f136f87ad84b625c8f1");
    const std::string missing = scratch.path("missing");  // only an admin's key is made
    for (const std::string& path : {empty, known, missing, scratch.path()}) {
        Keys keys;
        const Parsed<KeyFile> opened = open_key_file(path, Role::Viewer, keys);
        ASSERT_TRUE(std::holds_alternative<Problem>(opened)) << path;
        EXPECT_EQ(std::get<Problem>(opened).text.find(path + ": "), 0U);
    }
    Keys keys;
    EXPECT_TRUE(std::holds_alternative<Problem>(
        open_key_file(scratch.path("no/folder"), Role::Admin, keys)));
    EXPECT_EQ(scratch.read("known"), "edd1c9f034335f136f87ad84b625c8f1");
}

}  // namespace
}  // namespace jumpgate
