// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/run_program.h"
#include "dockerfile/words.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

using Strings = std::vector<std::string>;

Dockerfile read(const std::string& text) {
    return parse(text, "Dockerfile");
}

/// The texts of the only stage's instructions.
Strings texts(const std::string& lines) {
    Strings found;
    const Dockerfile file = read("FROM x\n" + lines);
    for (const Instruction& instruction : file.stages.at(0).instructions)
        found.push_back(instruction.text);
    return found;
}

const Run& run_of(const Dockerfile& file) {
    return std::get<dockerfile::Run>(file.stages.at(0).instructions.at(0).body);
}

}  // namespace

TEST(Lines, SkipCommentsAndBlankLines) {
    EXPECT_EQ(texts("# a\n\n   # b\nRUN a # c\n\t\nRUN b"), (Strings{"RUN a # c", "RUN b"}));
}

TEST(Lines, AreJoinedByTheEscape) {
    EXPECT_EQ(texts("RUN a \\\n  b\\\nc\n"), (Strings{"RUN a   bc"}));
    EXPECT_EQ(texts("RUN a \\  \t\n b"), (Strings{"RUN a  b"}));
    EXPECT_EQ(texts("RUN a \\\n# comment\n  # another \\\n b"), (Strings{"RUN a  b"}));
    EXPECT_EQ(texts("RUN a \\\n\n\n b\nRUN c"), (Strings{"RUN a  b", "RUN c"}));
    EXPECT_EQ(texts("RUN a \\\\\nRUN b"), (Strings{"RUN a \\\\", "RUN b"}));
    EXPECT_EQ(texts("RUN a \\"), (Strings{"RUN a"}));
    EXPECT_EQ(texts("\\\nRUN \\\na"), (Strings{"RUN a"}));
    EXPECT_EQ(texts("RU\\\nN a"), (Strings{"RUN a"}));
    EXPECT_EQ(texts("RUN a\\ b"), (Strings{"RUN a\\ b"}));
}

TEST(Lines, MayEndAsOnWindows) {
    EXPECT_EQ(texts("RUN a \\\r\n  b\r\nRUN c\r\n"), (Strings{"RUN a   b", "RUN c"}));
}

TEST(Lines, ObeyDirectives) {
    const Dockerfile file = read(
        "# syntax=docker/dockerfile:1\n# escape = `\n#check=skip=all\nFROM x\nRUN a `\n b\\\n");
    EXPECT_EQ(file.syntax, "docker/dockerfile:1");
    EXPECT_EQ(file.check, "skip=all");
    EXPECT_EQ(file.escape, '`');
    EXPECT_EQ(file.stages[0].instructions[0].text, "RUN a  b\\");
    EXPECT_EQ(read("#ESCAPE=`\nFROM x").escape, '`');
}

TEST(Lines, TakeNoDirectiveBehindACommentOrABlankLine) {
    EXPECT_EQ(read("# hello\n# escape=`\nFROM x").escape, '\\');
    EXPECT_EQ(read("\n# escape=`\nFROM x").escape, '\\');
    EXPECT_EQ(read("# unknown=1\n# escape=`\nFROM x").escape, '\\');
    EXPECT_EQ(read("FROM x\n# escape=`\n").escape, '\\');
    EXPECT_THROW(read("# escape=x\nFROM x"), Error);
    EXPECT_THROW(read("# escape=`\n# escape=`\nFROM x"), Error);
}

TEST(Lines, MayBeginWithAByteOrderMark) {
    EXPECT_EQ(read("\xef\xbb\xbf# escape=`\nFROM x").escape, '`');
    EXPECT_EQ(read("\xef\xbb\xbf"
                   "FROM x")
                  .stages.size(),
              1U);
}

TEST(Lines, KnowWhereTheyStand) {
    const Dockerfile file =
        read("# c\nFROM x\n\nRUN a \\\n# c\n b\nCOPY <<A <<B /\na\nA\nb\nB\nRUN c");
    EXPECT_EQ(file.stages[0].lines, (LineRange{2, 2}));
    const auto& instructions = file.stages[0].instructions;
    EXPECT_EQ(instructions[0].lines, (LineRange{4, 6}));
    EXPECT_EQ(instructions[1].lines, (LineRange{7, 11}));
    EXPECT_EQ(instructions[2].lines, (LineRange{12, 12}));
}

TEST(Heredocs, AreReadInOrder) {
    const Dockerfile file =
        read("FROM x\nCOPY a <<one <<-\"two\" /d/\n1\n$x\none\n\t\ttwo\t\n\ttwo\n");
    const auto& copy = std::get<Copy>(file.stages[0].instructions[0].body);
    EXPECT_EQ(copy.sources, (Strings{"a"}));
    EXPECT_EQ(copy.destination, "/d/");
    ASSERT_EQ(copy.heredocs.size(), 2U);
    EXPECT_EQ(copy.heredocs[0].name, "one");
    EXPECT_EQ(copy.heredocs[0].content, "1\n$x\n");
    EXPECT_TRUE(copy.heredocs[0].expand);
    EXPECT_EQ(copy.heredocs[1].name, "two");
    EXPECT_EQ(copy.heredocs[1].content, "two\t\n");
    EXPECT_EQ(copy.heredocs[1].raw_content, "\t\ttwo\t\n");
    EXPECT_FALSE(copy.heredocs[1].expand);
}

TEST(Heredocs, HoldCommentsBlankLinesAndEscapesAsTheyAre) {
    const Dockerfile file = read("FROM x\nRUN <<EOF\n# not a comment\n\n a \\\nEOF\nRUN b");
    EXPECT_EQ(run_of(file).heredocs[0].content, "# not a comment\n\n a \\\n");
    EXPECT_EQ(file.stages[0].instructions.size(), 2U);
}

TEST(Heredocs, AreRecognisedAsBuildKitDoes) {
    const auto name = [](std::string_view word) {
        const auto mark = find_heredoc(word);
        return mark ? mark->name + (mark->expand ? "" : " quoted") + (mark->strip_tabs ? " -" : "")
                    : "none";
    };
    EXPECT_EQ(name("<<EOF"), "EOF");
    EXPECT_EQ(name("<<-EOF"), "EOF -");
    EXPECT_EQ(name("<<'EOF'"), "EOF quoted");
    EXPECT_EQ(name("<<\"EOF\""), "EOF quoted");
    EXPECT_EQ(name("<<-'a b'"), "a b quoted -");
    EXPECT_EQ(name("3<<EOF"), "EOF");
    EXPECT_EQ(name("<<E$x"), "E$x");
    EXPECT_EQ(name("<<<EOF"), "none");
    EXPECT_EQ(name("<EOF"), "none");
    EXPECT_EQ(name("<<"), "none");
    EXPECT_EQ(name("<<-"), "none");
    EXPECT_EQ(name("<< EOF"), "EOF");
    EXPECT_EQ(name("a<<EOF"), "none");
    EXPECT_EQ(name("<<EOF cat"), "none");

    EXPECT_EQ(heredoc_marks("cat <<A >x && cat <<-B").size(), 2U);
    EXPECT_EQ(heredoc_marks("echo '<<A'").size(), 0U);
    EXPECT_EQ(heredoc_marks("echo $((1<<2))").size(), 0U);
    EXPECT_EQ(heredoc_marks("echo \"a <<b\"").size(), 0U);
    EXPECT_EQ(heredoc_marks("echo it's <<A").size(), 0U);
}

TEST(Heredocs, AreNoneInOtherInstructionsAndInJson) {
    EXPECT_EQ(texts("CMD cat <<EOF\nRUN [\"echo\", \"<<EOF\"]\nRUN b").size(), 3U);
    EXPECT_EQ(texts("ENV a=<<EOF\nLABEL b=<<X").size(), 2U);
}

TEST(RunProgram, IsTheExecFormItself) {
    const RunProgram program = run_program(run_of(read("FROM x\nRUN [\"a\", \"b c\"]")), {});
    EXPECT_EQ(program.argv, (Strings{"a", "b c"}));
}

TEST(RunProgram, GoesThroughTheShell) {
    const Dockerfile file = read("FROM x\nRUN echo $a && b");
    EXPECT_EQ(run_program(run_of(file), {}).argv, (Strings{"/bin/sh", "-c", "echo $a && b"}));
    const Strings shell = {"/bin/bash", "-eu", "-c"};
    EXPECT_EQ(run_program(run_of(file), shell).argv,
              (Strings{"/bin/bash", "-eu", "-c", "echo $a && b"}));
}

TEST(RunProgram, RunsADocumentByTheShell) {
    const Dockerfile file = read("FROM x\nRUN <<-EOF\n\tfoo\n\tbar\n\tEOF\n");
    EXPECT_EQ(run_program(run_of(file), {}).argv, (Strings{"/bin/sh", "-c", "foo\nbar\n"}));
}

TEST(RunProgram, RunsAScriptWithAnInterpreterOfItsOwn) {
    const Dockerfile file = read("FROM x\nRUN <<EOF\n#!/usr/bin/env python\nprint(1)\nEOF\n");
    const RunProgram program = run_program(run_of(file), {});
    EXPECT_EQ(program.argv, (Strings{"/dev/pipes/EOF"}));
    EXPECT_EQ(program.script_path, "/dev/pipes/EOF");
    EXPECT_EQ(program.script, "#!/usr/bin/env python\nprint(1)\n");
}

TEST(RunProgram, LeavesOtherDocumentsToTheShell) {
    const Dockerfile file = read("FROM x\nRUN cat <<A - <<-B >/o\n1\nA\n\t2\n\tB\n");
    const RunProgram program = run_program(run_of(file), {});
    EXPECT_EQ(program.argv, (Strings{"/bin/sh", "-c", "cat <<A - <<-B >/o\n1\nA\n\t2\nB"}));
}

TEST(Words, AreSplitAsEachInstructionWants) {
    EXPECT_EQ(blank_separated(" a\t'b c' "), (Strings{"a", "'b", "c'"}));
    EXPECT_EQ(quoted_words("a='b c' d=\"e f\" g=h\\ i", '\\'),
              (Strings{"a='b c'", "d=\"e f\"", "g=h\\ i"}));
    EXPECT_EQ(quoted_words("a=\"b\\\"c d\" e", '\\'), (Strings{"a=\"b\\\"c d\"", "e"}));
    EXPECT_EQ(quoted_words("a='b\\' c", '\\'), (Strings{"a='b\\'", "c"}));
    EXPECT_EQ(quoted_words("a=\"b c", '\\'), (Strings{"a=\"b c"}));
    EXPECT_EQ(quoted_words("a b\\", '\\'), (Strings{"a", "b"}));
    EXPECT_EQ(quoted_words("\"\" a", '\\'), (Strings{"\"\"", "a"}));
}

TEST(Words, OfAJsonList) {
    EXPECT_EQ(json_list("[\"a\", \"b\\n\\u0041\"]"), (Strings{"a", "b\nA"}));
    EXPECT_EQ(json_list("[]"), Strings{});
    EXPECT_EQ(json_list(" [ \"a\" ] "), (Strings{"a"}));
    for (const char* text :
         {"['a']", "[a]", "[\"a\",]", "[\"a\"] x", "[ -f x ]", "\"a\"", "", "{}"})
        EXPECT_FALSE(json_list(text)) << text;
    EXPECT_THROW(json_list("[1]"), Error);
    EXPECT_THROW(json_list("[\"a\", null]"), Error);
    EXPECT_FALSE(json_list(std::string(1 << 20, '[') + "]"));
}
