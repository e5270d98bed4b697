// What reading a mail costs. Usage: mail_parse_bench FOLDER [TIMES]; the folder holds mails (*.eml), of which
// so many are read in turn. Prints microseconds of CPU a mail, and the most memory that was used.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <time.h>

#include "bridges/email/mime_in.hpp"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// What the way through a few servers leaves above a mail.
std::string way() {
  std::string header;
  for (int i = 0; i < 5; ++i) {
    header += "Received: from mail" + std::to_string(i) +
              ".example.org (mail.example.org [192.0.2.1])\r\n\tby mx.example.org (Postfix) with ESMTPS id "
              "4F0x2a1b3c"
              "\r\n\tfor <juliet@gw.example>; Mon, 23 Nov 2026 10:00:00 +0100 (CET)\r\n";
  }
  header +=
      "Authentication-Results: mx.example.org; dkim=pass header.d=example.org; spf=pass;\r\n\tdmarc=pass "
      "header.from=example.org\r\n";
  for (const char* name : {"DKIM-Signature", "ARC-Message-Signature", "X-Microsoft-Antispam-Message-Info"}) {
    header += std::string(name) + ": v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;\r\n";
    for (int i = 0; i < 8; ++i)
      header += "\tABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n";
  }
  return header;
}

std::vector<std::string> mails_in(const char* folder) {
  std::vector<std::string> mails;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".eml") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream all;
    all << way();
    all << file.rdbuf();
    mails.push_back(std::move(all).str());
  }
  return mails;
}

// A mail of so many bytes with one attachment.
std::string large_mail(std::size_t size) {
  std::string mail =
      "From: bob@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
      "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  mail.reserve(size + 1000);
  while (mail.size() < size) {
    mail.append(76, 'A');
    mail += "\r\n";
  }
  mail += "--b--\r\n";
  return mail;
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: mail_parse_bench FOLDER [TIMES]\n");
    return 2;
  }
  const std::vector<std::string> mails = mails_in(argv[1]);
  const auto times = static_cast<std::size_t>(argc > 2 ? std::max(1, std::atoi(argv[2])) : 10000);
  if (mails.empty()) return 2;
  std::size_t bytes = 0, read = 0;
  double worst = 0;
  const double begin = cpu_seconds();
  for (std::size_t i = 0; i < times; ++i) {
    const std::string& mail = mails[i % mails.size()];
    const double before = cpu_seconds();
    const auto result = dragoman::email::parse_mail(mail, "mx.example.org");
    worst = std::max(worst, cpu_seconds() - before);
    read += result.index() == 0 ? 1 : 0;
    bytes += mail.size();
  }
  const double cpu = cpu_seconds() - begin;
  std::printf("%zu mails (%zu read, %zu bytes on average): %.1f us cpu a mail, the slowest %.1f us\n", times,
              read, bytes / times, cpu / static_cast<double>(times) * 1e6, worst * 1e6);
  const long before = peak_kilobytes();
  const std::string large = large_mail(std::size_t{100} << 20);
  const double start = cpu_seconds();
  const bool fine = dragoman::email::parse_mail(large, "").index() == 0;
  std::printf("a mail of 100 MiB (%s): %.0f ms cpu, %.2f times its size at most\n", fine ? "read" : "refused",
              (cpu_seconds() - start) * 1e3,
              static_cast<double>(peak_kilobytes() - before) / static_cast<double>(large.size() >> 10));
  return 0;
}
