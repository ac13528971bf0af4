#include "core/io/exclusive_listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/io/socket.h"

namespace jumpgate {
namespace {

class ListenUnix : public testing::Test {
  protected:
    void SetUp() override {
        std::string folder = (std::filesystem::temp_directory_path() / "jumpgate-XXXXXX").string();
        ASSERT_NE(mkdtemp(folder.data()), nullptr);
        folder_ = folder;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string path() const { return (folder_ / "admin.sock").string(); }

    std::filesystem::path folder_;
};

TEST(ListenTcpExclusive, ASecondListenerOnTheSameAddressIsRefused) {
    const auto any_port = Address::parse("127.0.0.1", 0);
    auto first = listen_tcp_exclusive(*any_port);
    ASSERT_TRUE(first);
    const Address bound = local_address(*first);
    EXPECT_NE(bound.port(), 0);
    const auto second = listen_tcp_exclusive(bound);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::AddressInUse);
    // Not even one that asks for SO_REUSEPORT.
    EXPECT_FALSE(listen_tcp(bound, {}));
    close_fd(*first);
}

TEST_F(ListenUnix, OnlyItsOwnerMayConnect) {
    auto fd = listen_unix(path());
    ASSERT_TRUE(fd);
    struct stat status {};
    ASSERT_EQ(stat(path().c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    close_fd(*fd);
}

TEST_F(ListenUnix, WhatACrashLeftBehindIsReplacedAndWhatIsAliveIsNot) {
    auto first = listen_unix(path());
    ASSERT_TRUE(first);
    const auto second = listen_unix(path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::AddressInUse);
    close_fd(*first);  // the file stays
    auto third = listen_unix(path());
    ASSERT_TRUE(third);
    close_fd(*third);
}

TEST_F(ListenUnix, AFileThatIsNoSocketIsKept) {
    std::ofstream(path()) << "precious";
    EXPECT_FALSE(listen_unix(path()));
    std::string text;
    std::ifstream(path()) >> text;
    EXPECT_EQ(text, "precious");
}

TEST_F(ListenUnix, APathTooLongForTheKernelIsRefused) {
    EXPECT_FALSE(listen_unix(path() + std::string(200, 'x')));
    EXPECT_FALSE(listen_unix(""));
    EXPECT_FALSE(listen_unix((folder_ / "missing" / "admin.sock").string()));
}

}  // namespace
}  // namespace jumpgate
