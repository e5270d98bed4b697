#include "bridges/email/quotes.hpp"

#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "bridges/email/quote_words.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

std::string said(const std::string& text) { return fold_quotes(Text(text)).said.plain; }
std::string rest(const std::string& text) { return fold_quotes(Text(text)).rest; }

// A line without the marks of quotes and the spaces around it.
std::string bare(std::string line) {
  const auto begin = line.find_first_not_of("> \t");
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!bare(line).empty()) all.push_back(bare(line));
  }
  return all;
}

// Nothing is lost, nothing is said twice.
void expect_all_of(const std::string& text) {
  const Folded folded = fold_quotes(Text(text));
  auto before = lines(text), after = lines(folded.said.plain);
  for (auto& line : lines(folded.rest)) after.push_back(std::move(line));
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  EXPECT_EQ(before, after) << text;
  const Span* last = nullptr;
  for (const Span& span : folded.said.spans) {
    EXPECT_LT(span.begin, span.end);
    EXPECT_LE(span.end, folded.said.plain.size());
    if (last != nullptr) {
      EXPECT_TRUE(last->begin < span.begin || (last->begin == span.begin && last->end >= span.end));
    }
    last = &span;
  }
}

TEST(FoldQuotes, WhatIsSaidAloneStays) {
  const Folded folded = fold_quotes(Text("Hello.\n\nHow are you?"));
  EXPECT_EQ(folded.said, Text("Hello.\n\nHow are you?"));
  EXPECT_EQ(folded.rest, "");
}

TEST(FoldQuotes, NothingIsNothing) {
  EXPECT_EQ(said(""), "");
  EXPECT_EQ(rest(""), "");
  EXPECT_EQ(said("\n \n"), "");
}

TEST(FoldQuotes, AnsweredLinesAreQuotesBeforeTheirAnswers) {
  const Folded folded = fold_quotes(Text("> When?\nAt eight.\n> Where?\n>> Here?\nThere."));
  EXPECT_EQ(folded.said, Text("When?\nAt eight.\nWhere?\nHere?\nThere.",
                              {{0, 5, Style::quote}, {16, 28, Style::quote}, {23, 28, Style::quote}}));
  EXPECT_EQ(folded.rest, "");
}

TEST(FoldQuotes, SpansMoveWithWhatIsSaid) {
  const Text text("> a\nb c\n-- \nd",
                  {{2, 3, Style::bold}, {6, 7, Style::link, "https://x.example/"}, {12, 13, Style::bold}});
  EXPECT_EQ(
      fold_quotes(text).said,
      Text("a\nb c", {{0, 1, Style::quote}, {0, 1, Style::bold}, {4, 5, Style::link, "https://x.example/"}}));
}

TEST(FoldQuotes, ASpanAcrossWhatIsFoldedEndsBeforeIt) {
  EXPECT_EQ(fold_quotes(Text("ab\n-- \ncd", {{1, 9, Style::bold}})).said, Text("ab", {{1, 2, Style::bold}}));
}

TEST(FoldQuotes, AnAttributionOfSeveralLinesIsFoldedWhole) {
  EXPECT_EQ(said("Thanks!\nOn Mon, 5 Jan 2026 at 10:00, Somebody With A Very Long "
                 "Name\n<somebody@example.org>\nwrote:\n\n> x\n"),
            "Thanks!");
}

TEST(FoldQuotes, TextAboveAnAttributionIsNotOfIt) {
  EXPECT_EQ(said("See you on 5 Jan at 10:00.\nBob <bob@example.org> wrote:\n> x\n"),
            "See you on 5 Jan at 10:00.");
}

TEST(FoldQuotes, ASignatureEndsBeforeTheQuoteBelow) {
  EXPECT_EQ(said("Yes.\n-- \nBob\n\nOn 5 Jan 2026, Juliet wrote:\n> x\n\nAnd no.\n"), "Yes.\n\nx\n\nAnd no.");
}

TEST(FoldQuotes, ALongTextBehindTwoDashesIsNoSignature) {
  std::string text = "Yes.\n--\n";
  for (int i = 0; i < 20; ++i) text += "line\n";
  EXPECT_EQ(rest(text), "");
}

TEST(FoldQuotes, NotesOfDevicesAreFoldedAtTheEndAlone) {
  for (const char* note : {"Sent from my iPhone",
                           "Von meinem iPhone gesendet",
                           "Envoyé de mon iPhone",
                           "Enviado desde mi iPhone",
                           "Inviato da iPhone",
                           "Verstuurd vanaf mijn iPhone",
                           "Skickat från min iPhone",
                           "Sendt fra min iPhone",
                           "Lähetetty iPhonesta",
                           "Wysłane z iPhone'a",
                           "Odesláno z iPhonu",
                           "Отправлено с iPhone",
                           "Надіслано з iPhone",
                           "iPhone'umdan gönderildi",
                           "iPhoneから送信",
                           "发自我的iPhone",
                           "從我的 iPhone 傳送",
                           "나의 iPhone에서 보냄",
                           "Get Outlook for iOS",
                           "Sent with Proton Mail secure email.",
                           "Gesendet von Mail für Windows"}) {
    EXPECT_EQ(said(std::string("Yes.\n\n") + note), "Yes.") << note;
    EXPECT_EQ(rest(std::string("Yes.\n\n") + note), note);
  }
  EXPECT_EQ(said("Sent from my window, this\nline is a poem.\n\nOf four.\n\nLines.\n\nBye."),
            "Sent from my window, this\nline is a poem.\n\nOf four.\n\nLines.\n\nBye.");
}

TEST(FoldQuotes, WhatEndsLikeANoteOfADeviceIsNone) {
  for (const char* text : {"Hallo!\n\nVon meinem Fenster sehe ich den Dom.",
                           "Yes.\n\nSent using all my strength.", "Ja.\n\nVerzonden gisteren."})
    EXPECT_EQ(rest(text), "") << text;
}

TEST(FoldQuotes, ALineThatLeadsToAQuoteIsSaid) {
  EXPECT_EQ(said("About the budget of 2026:\n> It is small.\nIndeed.\n"),
            "About the budget of 2026:\nIt is small.\nIndeed.");
}

TEST(FoldQuotes, OnlyTheFooterOfAListIsFolded) {
  EXPECT_EQ(said("One\n-----\nTwo\n-----\nThree\n----------\nDev mailing list\nTo unsubscribe, "
                 "write.\n__________\n"),
            "One\n-----\nTwo\n-----\nThree");
  EXPECT_EQ(said("Hi.\n\n-=-=-=-=-=-\nGroups.io Links: You receive all.\nUnsubscribe: "
                 "https://x.example\n-=-=-=-=-=-\n"),
            "Hi.");
}

TEST(FoldQuotes, AMailThatIsButAQuoteIsSaid) {
  EXPECT_EQ(fold_quotes(Text("> a\n> b\n")).said, Text("a\nb", {{0, 3, Style::quote}}));
  EXPECT_EQ(rest("> a\n> b\n"), "");
}

TEST(FoldQuotes, WhatIsPassedOnIsSaid) {
  for (const char* mark :
       {"---------- Forwarded message ---------", "-------- Forwarded Message --------",
        "Begin forwarded message:", "-------- Weitergeleitete Nachricht --------",
        "Anfang der weitergeleiteten Nachricht:", "---------- Message transféré ---------",
        "---------- Mensaje reenviado ---------", "---------- Mensagem encaminhada ---------",
        "---------- Messaggio inoltrato ---------", "---------- Doorgestuurd bericht ---------",
        "---------- Vidarebefordrat meddelande ---------", "---------- Przekazana wiadomość ---------",
        "---------- Пересланное сообщение ---------", "---------- 转发的邮件 ---------",
        "---------- 転送されたメッセージ ---------"}) {
    const std::string text = std::string("See:\n\n") + mark +
                             "\nFrom: a@example.org\nSent: now\nTo: me\nSubject: x\n\n> q\n\nEnd.\n";
    EXPECT_EQ(rest(text), "") << mark;
    EXPECT_NE(said(text).find("End."), std::string::npos);
  }
}

TEST(FoldQuotes, HeadersOfOlderMailsAreKnownInManyLanguages) {
  for (const char* block : {"From: a\nSent: b\nTo: c\nSubject: d",
                            "*From:* a\n*Sent:* b\n*To:* c\n*Subject:* d",
                            "Von: a\nGesendet: b\nAn: c\nBetreff: d",
                            "De : a\nEnvoyé : b\nÀ : c\nObjet : d",
                            "De: a\nEnviado el: b\nPara: c\nAsunto: d",
                            "De: a\nEnviada em: b\nPara: c\nAssunto: d",
                            "Da: a\nInviato: b\nA: c\nOggetto: d",
                            "Van: a\nVerzonden: b\nAan: c\nOnderwerp: d",
                            "Från: a\nSkickat: b\nTill: c\nÄmne: d",
                            "Fra: a\nSendt: b\nTil: c\nEmne: d",
                            "Lähettäjä: a\nLähetetty: b\nVastaanottaja: c\nAihe: d",
                            "Od: a\nWysłano: b\nDo: c\nTemat: d",
                            "Od: a\nOdesláno: b\nKomu: c\nPředmět: d",
                            "Od: a\nOdoslané: b\nKomu: c\nPredmet: d",
                            "Feladó: a\nElküldve: b\nCímzett: c\nTárgy: d",
                            "От: a\nОтправлено: b\nКому: c\nТема: d",
                            "Від: a\nНадіслано: b\nКому: c\nТема: d",
                            "Από: a\nΣτάλθηκε: b\nΠρος: c\nΘέμα: d",
                            "Kimden: a\nGönderildi: b\nKime: c\nKonu: d",
                            "差出人: a\n送信日時: b\n宛先: c\n件名: d",
                            "发件人：a\n发送时间：b\n收件人：c\n主题：d",
                            "寄件者: a\n寄件日期: b\n收件者: c\n主旨: d",
                            "보낸 사람: a\n보낸 날짜: b\n받는 사람: c\n제목: d",
                            "Từ: a\nĐã gửi: b\nTới: c\nChủ đề: d",
                            "Dari: a\nDikirim: b\nKepada: c\nSubjek: d",
                            "מאת: a\nנשלח: b\nאל: c\nנושא: d",
                            "De la: a\nTrimis: b\nCătre: c\nSubiect: d"}) {
    EXPECT_EQ(said(std::string("Yes.\n\n") + block + "\n\nOlder.\n"), "Yes.") << block;
    EXPECT_EQ(rest(std::string("Yes.\n\n") + block + "\n\nOlder."), std::string(block) + "\n\nOlder.");
    const Folded forwarded = fold_quotes(Text(std::string("Yes.\n\n") + block + "\n\nOlder.\n"), true);
    EXPECT_EQ(forwarded.rest, "") << block;
  }
}

TEST(FoldQuotes, MarksOfOriginalMailsAreKnown) {
  for (const char* mark :
       {"-----Original Message-----", "-----Ursprüngliche Nachricht-----", "-----Message d'origine-----",
        "-----Mensaje original-----", "-----Mensagem original-----", "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----", "-----Ursprungligt meddelande-----",
        "-----Oprindelig meddelelse-----", "-----Alkuperäinen viesti-----", "-----Oryginalna wiadomość-----",
        "-----Původní zpráva-----", "-----Eredeti üzenet-----", "-----Исходное сообщение-----",
        "-----Orijinal Mesaj-----", "-----元のメッセージ-----",
        "------------------ 原始邮件 ------------------", "-----원본 메시지-----"}) {
    EXPECT_EQ(said(std::string("Yes.\n\n") + mark + "\nOlder.\n"), "Yes.") << mark;
  }
}

TEST(FoldQuotes, OrdinaryLinesAreNone) {
  for (const char* text :
       {"From: here\nTo: there\nis a long way.", "Subject: matters\nTo: nobody\nFrom: dusk",
        "On 5 Jan 2026 he wrote:\nhello", "----- a rule -----\nand more", "He said:\nyes.",
        "5 > 3\nand\n3 < 5", "___\nx: 1\ny: 2\nz: 3", "-- not a signature\nmore",
        "Mailing list of guests:\n- Bob", "______________________\nName\n______________________\nDate"}) {
    EXPECT_EQ(rest(text), "") << text;
    EXPECT_EQ(said(text), text);
  }
}

TEST(FoldQuotes, NothingIsLostOfWhateverComes) {
  const std::vector<std::string> pieces = {"> quoted",
                                           ">> deeper",
                                           ">",
                                           "",
                                           "",
                                           "text",
                                           "On 5 Jan 2026 at 10:00, Bob <bob@example.org> wrote:",
                                           "Bob <b@example.org>",
                                           "wrote:",
                                           "-- ",
                                           "--",
                                           "Sent from my iPhone",
                                           "From: Bob",
                                           "Sent: today",
                                           "To: Juliet",
                                           "Subject: x",
                                           "________________________________",
                                           "-----Original Message-----",
                                           "---------- Forwarded message ---------",
                                           "Dev mailing list",
                                           "_______________________________________________",
                                           "unsubscribe",
                                           "\t",
                                           " > stuffed",
                                           "-----BEGIN PGP SIGNED MESSAGE-----",
                                           "Hash: SHA1",
                                           "-----BEGIN PGP SIGNATURE-----",
                                           "-----END PGP SIGNATURE-----",
                                           "Grüße",
                                           "> Grüße: ",
                                           "a:",
                                           "x: y"};
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    const std::size_t count = random() % 30;
    for (std::size_t i = 0; i < count; ++i)
      text += pieces[random() % pieces.size()] + (random() % 20 == 0 ? "" : "\n");
    expect_all_of(text);
  }
}

TEST(FoldQuotes, IsLinear) {
  std::string text;
  for (int i = 0; i < 30000; ++i) text += "On 1 Jan 2026 a@b\n";
  EXPECT_EQ(said(text).size(), text.size() - 1);
  text.clear();
  for (int i = 0; i < 20000; ++i) text += "> q\nx\n";
  EXPECT_EQ(fold_quotes(Text(text)).said.spans.size(), 20000U);
  EXPECT_EQ(said(std::string(1 << 20, '>')), "");
}

TEST(Unflowed, SoftBreaksAreTakenOut) {
  EXPECT_EQ(unflowed("a \nb \nc\nd", false), "a b c\nd");
  EXPECT_EQ(unflowed("a \nb", true), "ab");
}

TEST(Unflowed, QuotesFlowWithinTheirDepth) {
  EXPECT_EQ(unflowed("> a \n> b\n>> c \n> d\ne", false), "> a b\n>> c \n> d\ne");
}

TEST(Unflowed, SignaturesDoNotFlow) { EXPECT_EQ(unflowed("a \n-- \nBob", false), "a \n-- \nBob"); }

TEST(Unflowed, StuffedSpacesAreTakenOffButBeforeWhatLooksQuoted) {
  EXPECT_EQ(unflowed(" From here\n > there\n  two", false), "From here\n > there\n two");
}

TEST(QuoteWords, HoldsNoEmptyWord) {
  EXPECT_FALSE(is_attribution("2026-01-05 10:00:"));
  EXPECT_FALSE(is_original_mark("----- -----"));
  EXPECT_FALSE(is_forward_mark("----------"));
  EXPECT_FALSE(is_device_note(""));
  EXPECT_FALSE(is_list_note("x"));
  EXPECT_FALSE(is_forward_subject("Dinner"));
  EXPECT_TRUE(is_forward_subject("WG: Essen"));
}

}  // namespace
}  // namespace dragoman::email
