#include "core/config/read_files.h"

#include <gtest/gtest.h>

#include "tests/config/file_read.h"

namespace jumpgate {
namespace {

TEST(ReadDocuments, TakesYamlAndJsonByName) {
    const Folder folder;
    std::vector<Complaint> complaints;
    const std::vector<Document> documents =
        read_documents({folder.write("a.yaml", "a: 1\n"), folder.write("b.json", "{\"b\": 2}"),
                        folder.write("c.conf", "c: {d: 3}\n")},
                       {}, complaints);
    EXPECT_TRUE(complaints.empty());
    ASSERT_EQ(documents.size(), 3u);
    EXPECT_EQ(to_json(documents[0].value), "{\"a\":1}");
    EXPECT_EQ(to_json(documents[1].value), "{\"b\":2}");
    EXPECT_EQ(to_json(documents[2].value), "{\"c\":{\"d\":3}}");
    EXPECT_EQ(documents[1].file, folder.path("b.json"));
}

TEST(ReadDocuments, PutsVariablesIn) {
    const Folder folder;
    std::vector<Complaint> complaints;
    const std::vector<Document> documents = read_documents(
        {folder.write("a.yaml", "port: ${{PORT}}\nhost: ${{HOST:=b1}}\nxport: ${{XPORT:=5}}\n")},
        {"PORT=1883", "XPOR=7"}, complaints);
    EXPECT_TRUE(complaints.empty());
    ASSERT_EQ(documents.size(), 1u);
    EXPECT_EQ(to_json(documents[0].value), "{\"port\":1883,\"host\":\"b1\",\"xport\":5}");
}

TEST(ReadDocuments, SaysWhatIsWrongWithEachFile) {
    const Folder folder;
    std::vector<Complaint> complaints;
    const std::vector<Document> documents = read_documents(
        {folder.path("none.yaml"), folder.write("bad.yaml", "a: [1\n"),
         folder.write("bad.json", "{\"a\":\n}"), folder.write("unset.yaml", "a: ${{NO_SUCH}}"),
         folder.write("good.yaml", "a: 1")},
        {}, complaints);
    ASSERT_EQ(complaints.size(), 4u);
    EXPECT_EQ(text(complaints[0]), folder.path("none.yaml") + ": No such file or directory");
    for (size_t i = 1; i < 4; ++i) EXPECT_NE(complaints[i].mark.line, 0u) << text(complaints[i]);
    EXPECT_NE(text(complaints[3]).find("NO_SUCH"), std::string::npos);
    EXPECT_EQ(documents.back().file, folder.path("good.yaml"));
}

}  // namespace
}  // namespace jumpgate
