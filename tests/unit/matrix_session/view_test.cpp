// What a view makes of a room: its state, what is said, and what refers to it.
#include <algorithm>

#include "tests/unit/matrix_session/view_world.hpp"

namespace dragoman::matrix::view_test {
namespace {

class RoomViews : public ViewTest {};

TEST_F(RoomViews, AskForTheStatePieceByPieceAndAreReady) {
  state("m.room.name", "{'name':'The balcony'}");
  state("m.room.topic", "{'topic':'Good night'}");
  EXPECT_FALSE(view->ready());
  EXPECT_FALSE(load());
  EXPECT_TRUE(view->ready());
  EXPECT_EQ(view->name(), "The balcony");
  EXPECT_EQ(view->headcount(), 3U);
  EXPECT_TRUE(view->anybody_may_join());
  EXPECT_FALSE(view->encrypted());
  EXPECT_EQ(view->membership_of(bob), "join");
  EXPECT_EQ(view->membership_of(mallory), "");
  EXPECT_EQ(view->power().of(alice), 100);
  for (const auto& asked : homeserver.asked) EXPECT_EQ(asked.authorization, "Bearer secret") << asked.path;
  EXPECT_EQ(homeserver.times("/_matrix/client/v3/rooms/" + room + "/state"), 0U);
  EXPECT_EQ(homeserver.times("/_matrix/client/v3/rooms/" + room + "/joined_members"), 1U);
}

TEST_F(RoomViews, ThatAreAskedTwiceLoadOnce) {
  int told = 0;
  view->load([&](const auto&) { ++told; });
  view->load([&](const auto&) { ++told; });
  ASSERT_TRUE(until([&] { return told == 2; }));
  EXPECT_EQ(homeserver.times("/_matrix/client/v3/rooms/" + room + "/joined_members"), 1U);
  view->load([&](const std::optional<Failure>& failure) {
    ++told;
    EXPECT_FALSE(failure);
  });
  EXPECT_TRUE(until([&] { return told == 3; }));
}

TEST_F(RoomViews, SayWhyTheyCanNotBeLoaded) {
  homeserver.answers["/_matrix/client/v3/rooms/" + room + "/joined_members"] = {
      403, R"({"errcode":"M_FORBIDDEN","error":"You are not in this room"})"};
  const auto failure = load();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::not_permitted);
  EXPECT_FALSE(view->ready());
  owner.voice.reset();
  const auto nobody = load();
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->reason, Reason::not_joined);
}

TEST_F(RoomViews, LoadAlthoughTheListOfPeopleIsBrokenInThePlacesThatMatterLittle) {
  homeserver.answers["/_matrix/client/v3/rooms/" + room + "/joined_members"].body =
      R"({"x":[{"joined":{"@no:example.org":{}}}],"joined":{"@alice:example.org":{"display_name":7,"avatar_url":[]},)"
      R"("no id":{"display_name":"Nobody"},"@bob:example.org":[1,{"display_name":"x"}],)"
      R"("@carol:example.org":{"display_name":"Carol","more":{"display_name":"Not her"}},"@dave:example.org":null}})";
  EXPECT_FALSE(load());
  EXPECT_EQ(view->membership_of(alice), "join");
  EXPECT_EQ(view->membership_of("@no:example.org"), "");
  EXPECT_EQ(view->nick_of("@carol:example.org"), "Carol");
  EXPECT_EQ(view->nick_of(alice), "alice");
}

TEST_F(RoomViews, ThatGetNoListOfPeopleAreNotReady) {
  for (const std::string body : {"[]", "{\"joined\":[]}", "{\"joined\":7,\"x\":{\"joined\":{}}}", "7"}) {
    homeserver.answers["/_matrix/client/v3/rooms/" + room + "/joined_members"].body = body;
    const auto failure = load();
    EXPECT_TRUE(failure) << body;
    EXPECT_FALSE(view->ready()) << body;
  }
}

TEST_F(RoomViews, KeepWhatComesWhileTheyLoadAndTellItInOrder) {
  bool done = false;
  view->load([&](const auto&) { done = true; });
  const std::string first = say(alice, "one"), second = say(bob, "two");
  EXPECT_EQ(sink.told.size(), 0U);
  ASSERT_TRUE(until([&] { return done; }));
  const auto one = next<Message>(), two = next<Message>();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->event.id.value(), first);
  EXPECT_EQ(two->event.id.value(), second);
}

TEST_F(RoomViews, TellAMessageOnceToEveryAddressOfTheRoom) {
  const RoomId other("!room:example.org");
  owner.listening.push_back({&bridge, other});
  ready();
  const std::string id = say(alice, "hello");
  const auto here = next<Message>(), there = next<Message>();
  ASSERT_TRUE(here && there);
  EXPECT_EQ(std::get<RoomId>(here->event.in), address);
  EXPECT_EQ(std::get<RoomId>(there->event.in), other);
  EXPECT_EQ(here->from, &bridge);
  EXPECT_EQ(here->event.sender.nick, "Alice");
  EXPECT_EQ(here->event.sender.user.value(), alice);
  EXPECT_EQ(here->event.sender.account, alice);
  EXPECT_FALSE(here->event.sender.own);
  EXPECT_FALSE(here->event.past);
  EXPECT_EQ(here->event.time.time_since_epoch().count(), 1'700'000'000'001);
  view->on_timeline(
      object(event_text(id, "m.room.message", alice, "{'msgtype':'m.text','body':'hello'}", 1)));
  EXPECT_EQ(sink.told.size(), 0U);
}

TEST_F(RoomViews, DropTheEchoOfWhatWasDeliveredAndTellWhatOneSaidElsewhereAsOnesOwn) {
  ready();
  owner.delivered.insert("$event1");
  say(ghost, "said here");
  EXPECT_EQ(count<Message>(), 0U);
  say(ghost, "said elsewhere");
  const auto told = next<Message>();
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->event.sender.own);
  EXPECT_EQ(told->from, &juliet);
  EXPECT_EQ(told->event.sender.nick, "juliet");
  owner.delivered.insert("$event3");  // of another: its id says nothing about our own words
  say(alice, "mine");
  EXPECT_EQ(count<Message>(), 1U);
}

TEST_F(RoomViews, FillAQuoteFromWhatWasSaid) {
  ready();
  const std::string id = say(alice, "To be or not to be");
  event("m.room.message", bob,
        "{'msgtype':'m.text','body':'not','m.relates_to':{'m.in_reply_to':{'event_id':'" + id + "'}}}");
  next<Message>();
  const auto reply = next<Message>();
  ASSERT_TRUE(reply);
  const auto& quote = std::get<Message>(reply->event.what).quote;
  ASSERT_TRUE(quote);
  EXPECT_EQ(quote->message.value(), id);
  EXPECT_EQ(quote->author, "Alice");
  EXPECT_EQ(quote->text, "To be or not to be");
}

std::string edit_of(const std::string& id, const std::string& body) {
  return "{'msgtype':'m.text','body':'* " + body + "','m.new_content':{'msgtype':'m.text','body':'" + body +
         "'},'m.relates_to':{'rel_type':'m.replace','event_id':'" + id + "'}}";
}

TEST_F(RoomViews, TellAnEditOfOnesOwnMessageAndOfNobodyElses) {
  ready();
  const std::string id = say(alice, "teh");
  event("m.room.message", mallory, edit_of(id, "I am a fool"));
  EXPECT_EQ(count<Edit>(), 0U);
  event("m.room.message", alice, edit_of(id, "the"));
  const auto told = next<Edit>();
  ASSERT_TRUE(told);
  EXPECT_EQ(std::get<Edit>(told->event.what).target.value(), id);
  EXPECT_EQ(std::get<Edit>(told->event.what).message.text.plain, "the");
}

TEST_F(RoomViews, AskWhoseMessageItWasBeforeTheyTellAnEditOfSomethingOld) {
  ready();
  const std::string path = "/_matrix/client/v3/rooms/" + room + "/event/$old";
  homeserver.answers[path] = {200, R"({"sender":"@alice:example.org","type":"m.room.message","content":{}})"};
  event("m.room.message", mallory, edit_of("$old", "I am a fool"));
  event("m.room.message", alice, edit_of("$old", "better"));
  ASSERT_TRUE(until([&] { return homeserver.times(path) == 2 && count<Edit>() > 0; }));
  const auto told = next<Edit>();
  EXPECT_EQ(told->event.sender.user.value(), alice);
  EXPECT_EQ(count<Edit>(), 0U);
  EXPECT_EQ(count<Message>(), 0U);
}

TEST_F(RoomViews, TellTheNewWordsAsAMessageWhereNobodyKnowsWhoWroteTheOldOnes) {
  ready();
  event("m.room.message", alice, edit_of("$lost", "better"));
  ASSERT_TRUE(until([&] { return count<Message>() > 0; }));
  EXPECT_EQ(std::get<Message>(next<Message>()->event.what).text.plain, "better");
  EXPECT_EQ(count<Edit>(), 0U);
}

std::string reaction(const std::string& id, const std::string& key) {
  return "{'m.relates_to':{'rel_type':'m.annotation','event_id':'" + id + "','key':'" + key + "'}}";
}

TEST_F(RoomViews, TellTheWholeSetOfReactionsAlsoAfterARestart) {
  ready();
  const std::string id = say(alice, "news");
  const std::string up = event("m.reaction", bob, reaction(id, "👍"));
  const std::string heart = event("m.reaction", bob, reaction(id, "❤"));
  const auto one = next<Reactions>(), two = next<Reactions>();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(std::get<Reactions>(one->event.what), (Reactions{MessageId(id), {"👍"}}));
  EXPECT_EQ(std::get<Reactions>(two->event.what), (Reactions{MessageId(id), {"👍", "❤"}}));
  EXPECT_EQ(two->event.sender.user.value(), bob);
  EXPECT_EQ(view->reactions_of(bob, id).size(), 2U);

  make_view();
  ready();
  event("m.room.redaction", bob, "{}", "'redacts':'" + up + "'");
  const auto less = next<Reactions>();
  ASSERT_TRUE(less);
  EXPECT_EQ(std::get<Reactions>(less->event.what), (Reactions{MessageId(id), {"❤"}}));
  // Room version 11; and by a moderator, whose reaction it was not.
  event("m.room.redaction", alice, "{'redacts':'" + heart + "'}");
  const auto none = next<Reactions>();
  ASSERT_TRUE(none);
  EXPECT_EQ(std::get<Reactions>(none->event.what), (Reactions{MessageId(id), {}}));
  EXPECT_EQ(none->event.sender.user.value(), bob);
  EXPECT_EQ(count<Retraction>(), 0U);
}

TEST_F(RoomViews, TellOnesOwnReactionsOnlyWhereTheyCameFromElsewhere) {
  ready();
  const std::string id = say(alice, "news");
  owner.delivered.insert("$event2");
  event("m.reaction", ghost, reaction(id, "👍"));
  EXPECT_EQ(count<Reactions>(), 0U);
  EXPECT_EQ(view->reactions_of(ghost, id).size(), 1U);
  view->note_reaction(ghost, id, "👍", "$event2");
  EXPECT_EQ(view->reactions_of(ghost, id).size(), 1U);
  view->forget_reaction("$event2");
  EXPECT_TRUE(view->reactions_of(ghost, id).empty());
}

TEST_F(RoomViews, KnowARetractionFromModeration) {
  ready();
  const std::string mine = say(bob, "oops"), rude = say(bob, "rude");
  event("m.room.redaction", bob, "{'redacts':'" + mine + "','reason':'typo'}");
  event("m.room.redaction", alice, "{'redacts':'" + rude + "','reason':'rude'}");
  event("m.room.redaction", bob, "{'redacts':'$longago'}");
  event("m.room.redaction", alice, "{'redacts':'$longago2'}");
  const auto own = next<Retraction>(), moderated = next<Retraction>(), old = next<Retraction>(),
             old_moderated = next<Retraction>();
  ASSERT_TRUE(own && moderated && old && old_moderated);
  EXPECT_EQ(std::get<Retraction>(own->event.what), (Retraction{MessageId(mine), "typo", false}));
  EXPECT_EQ(std::get<Retraction>(moderated->event.what), (Retraction{MessageId(rude), "rude", true}));
  EXPECT_EQ(moderated->event.sender.nick, "Alice");
  EXPECT_FALSE(std::get<Retraction>(old->event.what).moderation);
  EXPECT_TRUE(std::get<Retraction>(old_moderated->event.what).moderation);
}

TEST_F(RoomViews, AnswerAnEncryptedMessageWithALineAndSayOnceThatTheRoomIsEncrypted) {
  ready();
  state_event("m.room.encryption", alice, "{'algorithm':'m.megolm.v1.aes-sha2'}");
  const auto service = next<Message>();
  ASSERT_TRUE(service);
  EXPECT_TRUE(service->event.sender.nick.empty());
  EXPECT_NE(std::get<Message>(service->event.what).text.plain.find("encrypted"), std::string::npos);
  EXPECT_TRUE(view->encrypted());
  state_event("m.room.encryption", alice, "{}");
  EXPECT_EQ(count<Message>(), 0U);
  event("m.room.encrypted", bob, "{'algorithm':'m.megolm.v1.aes-sha2','ciphertext':'x'}");
  const auto line = next<Message>();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->event.sender.nick, "bob");
  EXPECT_NE(std::get<Message>(line->event.what).text.plain.find("can't be read here"), std::string::npos);
  event("m.room.encrypted", bob,
        "{'ciphertext':'x','m.relates_to':{'rel_type':'m.replace','event_id':'$event3'}}");
  EXPECT_EQ(count<Message>(), 0U);
}

TEST_F(RoomViews, SayOnceThatARoomWasEncryptedAlreadyWhenOneCameIn) {
  state("m.room.encryption", "{'algorithm':'m.megolm.v1.aes-sha2'}");
  ready();
  view->enter({&juliet, address}, ghost);
  EXPECT_EQ(count<Message>(), 1U);
  make_view();
  ready();
  view->enter({&juliet, address}, ghost);
  EXPECT_EQ(count<Message>(), 0U);
}

TEST_F(RoomViews, TellWhatChangesAboutTheRoom) {
  ready();
  state_event("m.room.name", alice, "{'name':'A new name'}");
  auto info = next<RoomInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(std::get<RoomInfo>(info->event.what).name, "A new name");
  state_event("m.room.topic", alice, "{'topic':'News'}");
  info = next<RoomInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(std::get<RoomInfo>(info->event.what).description, "News");
  const auto subject = next<Subject>();
  ASSERT_TRUE(subject);
  EXPECT_EQ(std::get<Subject>(subject->event.what).text.plain, "News");
  EXPECT_EQ(subject->event.sender.nick, "Alice");
  EXPECT_NE(subject->event.time.time_since_epoch().count(), 0);
  state_event("m.room.join_rules", alice, "{'join_rule':'invite'}");
  info = next<RoomInfo>();
  ASSERT_TRUE(info);
  EXPECT_TRUE(std::get<RoomInfo>(info->event.what).members_only);
  EXPECT_FALSE(view->anybody_may_join());
  state_event("m.room.power_levels", alice, "{'users':{'@alice:example.org':100},'events_default':10}");
  info = next<RoomInfo>();
  ASSERT_TRUE(info);
  EXPECT_TRUE(std::get<RoomInfo>(info->event.what).moderated);
  sink.told.clear();
  state_event("m.room.name", alice, "{'name':'A new name'}");
  state_event("m.room.name", alice, "{'name':'Not the room itself'}", "x");
  EXPECT_EQ(sink.told.size(), 0U);
}

TEST_F(RoomViews, AreNamedByAliasOrByThePeopleWhereTheyHaveNoName) {
  ready();
  EXPECT_EQ(view->name(), "Alice and bob");
  state_event("m.room.canonical_alias", alice, "{'alias':'#balcony:example.org'}");
  EXPECT_EQ(view->name(), "#balcony:example.org");
  state_event("m.room.canonical_alias", alice, "{'alias':'no alias'}");
  EXPECT_EQ(view->name(), "Alice and bob");
  for (const char* more : {"carol", "dave", "erin"}) member(std::string("@") + more + ":example.org", "join");
  EXPECT_EQ(view->name(), "Alice, bob, carol and 2 others");
  for (const char* more : {"carol", "dave", "erin", "alice", "bob"})
    member(std::string("@") + more + ":example.org", "leave");
  EXPECT_EQ(view->name(), "Empty room");
}

TEST_F(RoomViews, FollowAnUpgradeOnce) {
  ready();
  state_event("m.room.tombstone", alice, "{'body':'Moved','replacement_room':'!new:example.org'}");
  const auto service = next<Message>();
  ASSERT_TRUE(service);
  EXPECT_NE(std::get<Message>(service->event.what).text.plain.find("Moved"), std::string::npos);
  state_event("m.room.tombstone", alice, "{'body':'Moved','replacement_room':'!new:example.org'}");
  state_event("m.room.tombstone", alice, "{'body':'Nowhere','replacement_room':7}");
  EXPECT_EQ(owner.upgrades, std::vector<std::string>{"!new:example.org"});
}

TEST_F(RoomViews, FollowAnUpgradeThatWasThereAlready) {
  state("m.room.tombstone", "{'body':'Moved','replacement_room':'!new:example.org'}");
  ready();
  EXPECT_EQ(owner.upgrades, std::vector<std::string>{"!new:example.org"});
}

TEST_F(RoomViews, TellPersonalChatsWhatIsSaidAndNothingOfTheRoom) {
  const UserId chat(alice);
  owner.listening = {{&juliet, chat}};
  ready();
  say(alice, "psst");
  const auto told = next<Message>();
  ASSERT_TRUE(told);
  EXPECT_EQ(std::get<UserId>(told->event.in), chat);
  EXPECT_EQ(told->from, &juliet);
  say(ghost, "from my phone");
  const auto own = next<Message>();
  ASSERT_TRUE(own);
  EXPECT_TRUE(own->event.sender.own);
  member(alice, "join", {}, "'displayname':'Alicia'");
  state_event("m.room.name", alice, "{'name':'Us'}");
  member("@carol:example.org", "join");
  EXPECT_EQ(sink.told.size(), 0U);
}

TEST_F(RoomViews, TellTypingAsTheDifferenceAndNeverOfOurOwn) {
  ready();
  const auto typing = [&](const std::vector<std::string>& users) {
    json::array list;
    for (const std::string& user : users) list.push_back(json::value(user));
    view->on_typing(list);
  };
  typing({alice, ghost, "@unknown:example.org"});
  ASSERT_EQ(count<Typing>(), 1U);
  auto told = next<Typing>();
  EXPECT_EQ(told->event.sender.nick, "Alice");
  EXPECT_EQ(std::get<Typing>(told->event.what).state, TypingState::composing);
  typing({alice, bob});
  ASSERT_EQ(count<Typing>(), 1U);
  EXPECT_EQ(next<Typing>()->event.sender.nick, "bob");
  typing({bob});
  told = next<Typing>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->event.sender.nick, "Alice");
  EXPECT_EQ(std::get<Typing>(told->event.what).state, TypingState::paused);
  view->on_typing(json::array{1, nullptr, json::object{}});
  EXPECT_EQ(std::get<Typing>(next<Typing>()->event.what).state, TypingState::paused);
}

TEST_F(RoomViews, TellReadMarksForwardOnlyAndNotOfThreadsOrOurOwn) {
  ready();
  const std::string first = say(alice, "one"), second = say(alice, "two");
  sink.told.clear();
  const auto read = [&](const std::string& id, const std::string& user, int time,
                        const std::string& more = "") {
    view->on_receipts(
        object("{'" + id + "':{'m.read':{'" + user + "':{'ts':" + std::to_string(time) + more + "}}}}"));
  };
  read(second, bob, 10);
  auto told = next<ReadMark>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->event.sender.nick, "bob");
  EXPECT_EQ(std::get<ReadMark>(told->event.what), (ReadMark{MessageId(second), true}));
  read(first, bob, 11);   // back
  read(second, bob, 12);  // the same
  read(first, ghost, 13);
  read(first, "@unknown:example.org", 13);
  read(second, alice, 14, ",'thread_id':'$thread'");
  EXPECT_EQ(count<ReadMark>(), 0U);
  read(second, alice, 15, ",'thread_id':'main'");
  EXPECT_EQ(count<ReadMark>(), 1U);
  view->on_receipts(object("{'$e':7,'no id':{},'$f':{'m.read':[],'m.read.private':{'" + bob + "':3}}}"));
  EXPECT_EQ(count<ReadMark>(), 1U);
}

TEST_F(RoomViews, KnowWhoMayModerate) {
  ready();
  EXPECT_TRUE(view->features(alice).moderation);
  EXPECT_FALSE(view->features(bob).moderation);
  EXPECT_TRUE(view->features(bob).edits);
  EXPECT_TRUE(view->features(bob).history);
  state_event("m.room.power_levels", alice, "{'users':{'@alice:example.org':100,'@bob:example.org':50}}");
  EXPECT_TRUE(view->features(bob).moderation);
  EXPECT_EQ(count<FeaturesChanged>(), 1U);
}

TEST_F(RoomViews, HonourTheCreatorsOfRoomVersionTwelve) {
  state("m.room.create", "{'room_version':'12','additional_creators':['@bob:example.org']}", mallory);
  people({{alice, "Alice"}, {bob, ""}, {mallory, ""}, {ghost, "juliet"}});
  ready();
  EXPECT_EQ(shown(mallory)->standing, Standing::owner);
  EXPECT_EQ(shown(bob)->standing, Standing::owner);
}

TEST_F(RoomViews, ShowTheTextOfWhatTheyDoNotKnow) {
  ready();
  event("org.example.novelty", bob, "{'body':'a novelty'}");
  const auto told = next<Message>();
  ASSERT_TRUE(told);
  EXPECT_NE(std::get<Message>(told->event.what).text.plain.find("a novelty"), std::string::npos);
}

TEST_F(RoomViews, SurviveAnything) {
  ready();
  const std::string odd[] = {
      "{}",
      "{'type':7}",
      "{'type':'m.room.message'}",
      "{'type':'m.room.message','event_id':'$a'}",
      "{'type':'m.room.message','event_id':'$b','sender':'nobody','content':{'msgtype':'m.text','body':'x'}}",
      "{'type':'m.room.message','event_id':'$c','sender':'@x:y.example'}",
      "{'type':'m.room.message','event_id':'$d','sender':'@x:y.example','content':[]}",
      "{'type':'m.room.message','event_id':'$e','sender':'@x:y.example','content':{'msgtype':[],'body':{}}}",
      "{'type':'m.room.member','event_id':'$f','sender':'@x:y.example','state_key':'','content':{}}",
      "{'type':'m.room.member','event_id':'$g','sender':'@x:y.example','state_key':'@x:y.example','content':{"
      "'membership':7}}",
      "{'type':'m.room.member','event_id':'$h','sender':'@x:y.example','state_key':'@z:y.example','content':"
      "null}",
      "{'type':'m.room.power_levels','event_id':'$i','sender':'@x:y.example','state_key':'','content':{'"
      "users':[],'ban':'x'}}",
      "{'type':'m.room.name','event_id':'$j','sender':'@x:y.example','state_key':'','content':{'name':{}}}",
      "{'type':'m.room.topic','event_id':'$k','sender':'@x:y.example','state_key':'','content':7}",
      "{'type':'m.reaction','event_id':'$l','sender':'@x:y.example','content':{'m.relates_to':7}}",
      "{'type':'m.reaction','event_id':'$m','sender':'@x:y.example','content':{'m.relates_to':{'rel_type':'m."
      "annotation','event_id':7,'key':[]}}}",
      "{'type':'m.room.redaction','event_id':'$n','sender':'@x:y.example','content':{'redacts':{}}}",
      "{'type':'m.room.encrypted','event_id':'$o','sender':'@x:y.example','content':{'m.relates_to':'x'}}",
      "{'type':'m.room.message','event_id':'$p','sender':'@x:y.example','origin_server_ts':'x','state_key':7,"
      "'content':{'msgtype':'m.text','body':'x'}}",
      "{'type':'m.room.message','event_id':'$q','sender':'@x:y.example','origin_server_ts':99999999999999999,"
      "'content':{'msgtype':'m.text','body':'late'}}",
      "{'type':'uk.half-shot.bridge','event_id':'$r','sender':'@x:y.example','state_key':'irc','content':{'"
      "bridgebot':7}}",
      "{'type':'m.room.create','event_id':'$s','sender':'@x:y.example','state_key':'','content':{'room_"
      "version':7}}",
  };
  for (const std::string& text : odd) view->on_timeline(object(text));
  for (const Told& told : sink.told) {
    if (std::holds_alternative<Message>(told.event.what)) {
      EXPECT_FALSE(told.event.sender.nick.empty());
    }
    EXPECT_LT(told.event.time, std::chrono::system_clock::now() + std::chrono::minutes(1));
  }
  sink.told.clear();
  std::string long_body(65'000, 'x');
  say(alice, long_body);
  const auto told = next<Message>();
  ASSERT_TRUE(told);
  EXPECT_EQ(std::get<Message>(told->event.what).text.plain.size(), 65'000U);
}

TEST_F(RoomViews, MayBeLetGoAtAnyTime) {
  view->load([](const auto&) { FAIL() << "nobody is there to be told"; });
  view.reset();
  EXPECT_TRUE(until([&] { return http.open() == 0; }));
}

}  // namespace
}  // namespace dragoman::matrix::view_test
