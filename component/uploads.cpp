#include "component/uploads.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "component/gateway.hpp"
#include "mapping/digest.hpp"

namespace dragoman {
namespace {

using namespace std::chrono_literals;

constexpr auto file_patience = 60s;       // of somebody who waits for a file, from the beginning to the end
constexpr auto short_rest = 60s;          // after trouble
constexpr auto long_rest = 10min;         // after a refusal
constexpr auto longest_rest = 24h;        // whatever it asks for
constexpr std::size_t files_at_once = 2;  // the bytes of so many are in memory
constexpr std::size_t most_jobs = 200;    // more go without
constexpr std::string_view probe_name = "dragoman.txt";
constexpr std::uint64_t probe_size = 1;

}  // namespace

const std::string& Uploads::service() const { return gateway_.bridge().upload_to.service; }

void Uploads::put(OfferedFile file, Done done) {
  if (service().empty() || state_ == State::rests || jobs_.size() >= most_jobs) return done(std::nullopt);
  if (file.size == 0) return done(std::nullopt);  // the XEP has no word for it
  if (largest_ > 0 && file.size > largest_) {
    pass_over("a file is larger than it takes (" + std::to_string(largest_) + " bytes)");
    return done(std::nullopt);
  }
  auto job = std::make_shared<Job>();
  job->file = std::move(file);
  job->done = std::move(done);
  job->begun = gateway_.now();
  jobs_.push_back(std::move(job));
  pump();
}

void Uploads::on_link_up() {
  state_ = State::unknown;
  ask();
}

// Answers of the old stream do not come; files that are on their way by HTTP go on.
void Uploads::on_link_down() {
  ++round_;
  for (const auto& job : jobs_) {
    if (job->step == Step::asks) job->step = Step::waits;
  }
  if (state_ == State::takes) state_ = State::unknown;
}

void Uploads::reload() {
  if (service() == asked_service_) return;
  ++round_;
  state_ = State::unknown;
  said_.reset();
  largest_ = 0;
  put_failed_ = passed_over_ = false;
  for (const auto& job : Jobs(jobs_)) finish(job, std::nullopt);
  if (gateway_.out().up()) ask();
}

void Uploads::tick(Time now) {
  if (service().empty()) return;
  const bool up = gateway_.out().up();
  if (state_ == State::rests && up && now >= until_) {
    state_ = State::unknown;
    ask();
  } else if (state_ == State::unknown && up && now - asked_ >= file_patience) {
    return rests("it does not answer", now + short_rest);
  }
  const auto is_late = [now](const std::shared_ptr<Job>& job) { return now - job->begun >= file_patience; };
  if (std::none_of(jobs_.begin(), jobs_.end(), is_late)) return;
  const bool on_the_way = std::any_of(jobs_.begin(), jobs_.end(), [&](const std::shared_ptr<Job>& job) {
    return is_late(job) && job->step != Step::waits;
  });
  for (const auto& job : Jobs(jobs_)) {
    if (is_late(job)) finish(job, std::nullopt);
  }
  if (on_the_way && state_ == State::takes) {
    const bool again = std::exchange(put_failed_, true);
    rests("a file was not taken in time",
          now + (again ? Time::duration(long_rest) : Time::duration(short_rest)));
  }
}

// ------------------------------------------------------------------------------------------ what it is like

void Uploads::question(const std::string& payload, std::function<void(const Stanza&)> done) {
  const std::string id = random_hex(8);
  gateway_.questions().expect_iq(id, service(),
                                 [this, round = round_, done = std::move(done)](const Stanza& answer) {
                                   if (round == round_) done(answer);
                                 });
  std::string out;
  XmlWriter(out)
      .open("iq")
      .attr("type", "get")
      .attr("id", id)
      .attr("from", gateway_.domain())
      .attr("to", service())
      .raw(payload)
      .close();
  gateway_.send(out);
}

void Uploads::ask() {
  asked_service_ = service();
  if (service().empty()) return;
  ++round_;
  asked_ = gateway_.now();
  question(upload::disco_request(), [this](const Stanza& answer) { on_service(answer); });
}

void Uploads::on_service(const Stanza& answer) {
  if (answer.type == "error") return refused(upload::read_refusal(answer.root));
  const Element* query = answer.child("query", ns::disco_info);
  const auto found = query != nullptr ? upload::read_service(*query) : std::nullopt;
  if (!found) return rests("it is no upload service (XEP-0363)", gateway_.now() + long_rest);
  largest_ = found->largest;
  ask_for_slot();
}

// What a service is says nothing of whom it lets.
void Uploads::ask_for_slot() {
  question(upload::slot_request(probe_name, probe_size, "text/plain"), [this](const Stanza& answer) {
    if (answer.type == "error") return refused(upload::read_refusal(answer.root));
    const Element* element = answer.child("slot", ns::upload);
    const auto slot = upload::read_slot(element != nullptr ? *element : Element{});
    if (const auto* words = std::get_if<std::string>(&slot)) return rests(*words, gateway_.now() + long_rest);
    takes();
  });
}

void Uploads::takes() {
  state_ = State::takes;
  if (!put_failed_) say({});
  pump();
}

void Uploads::rests(const std::string& words, Time until) {
  ++round_;
  state_ = State::rests;
  until_ = until;
  say(words);
  for (const auto& job : Jobs(jobs_)) {
    if (job->step != Step::puts) finish(job, std::nullopt);
  }
}

void Uploads::refused(const upload::Refusal& refusal) {
  const Time now = gateway_.now();
  const bool for_now = refusal.of == upload::Refusal::Of::for_now;
  const Time wanted =
      refusal.retry.value_or(now + (for_now ? Time::duration(short_rest) : Time::duration(long_rest)));
  rests(refusal.words, std::clamp(wanted, now + short_rest, now + longest_rest));
}

void Uploads::say(const std::string& words) {
  if (said_ == words) return;
  said_ = words;
  note_file_host(gateway_.store(), gateway_.id(), {service(), words, largest_});
  if (words.empty()) {
    spdlog::info("{}: files are put on {}", gateway_.domain(), service());
  } else {
    spdlog::warn("{}: {} takes no files from us: {}. They are links to our own server", gateway_.domain(),
                 service(), words);
  }
}

// One file, not all.
void Uploads::pass_over(const std::string& words) {
  if (!std::exchange(passed_over_, true))
    spdlog::warn("{}: not all files are put on {}: {}", gateway_.domain(), service(), words);
}

// ------------------------------------------------------------------------------------------------- the files

void Uploads::pump() {
  while (state_ == State::takes && gateway_.out().up()) {
    const auto busy = static_cast<std::size_t>(
        std::count_if(jobs_.begin(), jobs_.end(),
                      [](const std::shared_ptr<Job>& job) { return job->step != Step::waits; }));
    const auto next = std::find_if(jobs_.begin(), jobs_.end(),
                                   [](const std::shared_ptr<Job>& job) { return job->step == Step::waits; });
    if (busy >= files_at_once || next == jobs_.end()) return;
    begin(*next);
  }
}

void Uploads::begin(const std::shared_ptr<Job>& job) {
  job->step = Step::asks;
  const OfferedFile& file = job->file;
  question(upload::slot_request(file.name, file.size, file.media_type),
           [this, weak = std::weak_ptr<Job>(job)](const Stanza& answer) {
             if (const auto waiting = weak.lock()) on_slot(waiting, answer);
           });
}

void Uploads::on_slot(const std::shared_ptr<Job>& job, const Stanza& answer) {
  if (answer.type == "error") {
    const upload::Refusal refusal = upload::read_refusal(answer.root);
    if (refusal.of != upload::Refusal::Of::this_file) return refused(refusal);
    if (refusal.largest) largest_ = *refusal.largest;
    pass_over(refusal.words);
    return finish(job, std::nullopt);
  }
  const Element* element = answer.child("slot", ns::upload);
  auto slot = upload::read_slot(element != nullptr ? *element : Element{});
  if (const auto* words = std::get_if<std::string>(&slot)) return rests(*words, gateway_.now() + long_rest);
  send_file(job, std::get<upload::Slot>(std::move(slot)));
}

void Uploads::send_file(const std::shared_ptr<Job>& job, upload::Slot slot) {
  auto bytes = job->file.read();
  // XEP-0363 7: what is not as large as was said is refused.
  if (!bytes || bytes->size() != job->file.size) return finish(job, std::nullopt);
  job->step = Step::puts;
  net::HttpRequest request;
  request.method = "PUT";
  request.url = std::move(slot.put_url);
  request.headers = std::move(slot.headers);
  if (!job->file.media_type.empty()) request.headers.emplace_back("Content-Type", job->file.media_type);
  request.body = std::move(*bytes);
  request.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::max(Time::duration(1s), job->begun + file_patience - gateway_.now()));
  constexpr std::uint64_t longest_answer = 1 << 20;
  request.max_body = longest_answer;
  http_(std::move(request),
        [this, weak = std::weak_ptr<Job>(job), url = std::move(slot.get_url)](const net::HttpResult& result) {
          if (const auto waiting = weak.lock()) on_put(waiting, url, result);
        });
}

void Uploads::on_put(const std::shared_ptr<Job>& job, const std::string& url, const net::HttpResult& result) {
  const auto* answer = std::get_if<net::HttpResponse>(&result);
  if (answer != nullptr && answer->head.status / 100 == 2) {
    put_failed_ = false;
    if (state_ == State::takes) say({});
    return finish(job, url);
  }
  constexpr int client_errors = 4;
  if (answer != nullptr && answer->head.status / 100 == client_errors) {
    pass_over("the PUT of one was refused with status " + std::to_string(answer->head.status));
    return finish(job, std::nullopt);
  }
  const bool again = std::exchange(put_failed_, true);
  const std::string words = answer != nullptr
                                ? "a PUT was answered with status " + std::to_string(answer->head.status)
                                : "a PUT failed: " + std::get<Failure>(result).text;
  rests(words, gateway_.now() + (again ? Time::duration(long_rest) : Time::duration(short_rest)));
  finish(job, std::nullopt);
}

void Uploads::finish(const std::shared_ptr<Job>& job, std::optional<std::string> url) {
  const auto found = std::find(jobs_.begin(), jobs_.end(), job);
  if (found == jobs_.end()) return;
  const std::shared_ptr<Job> kept = std::move(*found);
  jobs_.erase(found);
  kept->done(std::move(url));
  pump();
}

}  // namespace dragoman
