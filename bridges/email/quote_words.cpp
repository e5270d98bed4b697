#include "bridges/email/quote_words.hpp"

#include <algorithm>
#include <array>

#include "bridges/email/lower_words.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxAttribution = 500;

// All in lower case as far as it is ASCII: what they are compared with is, too.

// "wrote": English, German, French, Spanish, Portuguese, Galician, Catalan, Italian, Dutch, Afrikaans,
// Swedish with Danish and Norwegian, Icelandic, Finnish, Estonian, Polish, Czech, Slovak, Slovenian, Croatian
// with Serbian and Bosnian, Hungarian, Romanian, Russian, Ukrainian, Belarusian, Bulgarian, Macedonian,
// Serbian, Greek, Turkish, Azerbaijani, Latvian, Lithuanian, Basque, Irish, Welsh, Albanian, Indonesian with
// Malay, Filipino, Vietnamese, Thai, Japanese, Chinese, Korean, Hindi, Arabic, Persian, Hebrew, Esperanto.
constexpr auto kWrote = std::to_array<std::string_view>({" wrote",      " writes",      " has written",
                                                         "schrieb",     " a écrit",     " a ecrit",
                                                         "escribió",    "escribio",     "escreveu",
                                                         "escribiu",    "va escriure",  "ha escrit",
                                                         "ha scritto",  "scrive",       "schreef",
                                                         "het geskryf", " skrev",       "skrifaði",
                                                         "kirjoitti",   "kirjutas",     "napisał",
                                                         "napisala",    "pisze:",       "napsal",
                                                         "napísal",     "je napisal",   "je napisao",
                                                         "napisao je",  "ezt írta",     "írta:",
                                                         "a scris",     "написал",      "пишет",
                                                         "писал",       "написав",      "пише:",
                                                         "напісаў",     "написа",       "напиша",
                                                         "је написао",  "έγραψε",       "şunu yazdı",
                                                         "yazdı:",      "yazdi:",       "yazıb",
                                                         "rakstīja",    "rašė",         "parašė",
                                                         "idatzi du",   "scríobh",      "ysgrifennodd",
                                                         "shkroi",      "menulis",      "sumulat",
                                                         "đã viết",     "viết:",        "เขียนว่า",
                                                         "のメール",    "のメッセージ", "書きました",
                                                         "さんは書",    "写道",         "寫道",
                                                         "님이 작성",   "작성:",        "님이 쓴",
                                                         "ने लिखा",      "كتب",          "تمت كتابة ما يلي",
                                                         "نوشت",        "כתב",          "מאת",
                                                         "skribis",     "quoting ",     "zitat von ",
                                                         "citando ",    "citation de ", "citat ",
                                                         "citerar ",    "lainaus ",     "in message <",
                                                         " said:",      " schreibt",    " écrivait",
                                                         "skriver:",    "schrijft:",    "skrev:",
                                                         "scripsit",    "ha escrito",   "-এ লিখেছেন",
                                                         "எழுதியது"});

// How an attribution of several lines begins. With the space behind it.
constexpr auto kOpeners = std::to_array<std::string_view>(
    {"on ",        "am ",    "le ",    "el ", "em ",  "il ",   "op ",  "den ", "dne ", "w dniu ", "dnia ",
     "pada ",      "vào ",   "στις ",  "în ", "pe ",  "dana ", "на ",  "в ",   "at ",  "in ",     "quoting ",
     "zitat von ", "al ",    "a ",     "o ",  "ar ",  "þann ", "ma ",  "ti ",  "ke ",  "to ",     "pe ",
     "la ",        "su ",    "mon",    "tue", "wed",  "thu",   "fri",  "sat",  "sun",  "ngày ",   "ในวันที่",
     "في ",        "בתאריך", "le lun", "v ",  "dňa ", "tarih", "od: ", "fra: "});

constexpr auto kOriginal = std::to_array<std::string_view>({"original message",
                                                            "original mail",
                                                            "ursprüngliche nachricht",
                                                            "originalnachricht",
                                                            "original-nachricht",
                                                            "message d'origine",
                                                            "message d’origine",
                                                            "message original",
                                                            "message initial",
                                                            "mensaje original",
                                                            "mensagem original",
                                                            "messaggio originale",
                                                            "messaggio original",
                                                            "oorspronkelijk bericht",
                                                            "oorspronkelijke bericht",
                                                            "ursprungligt meddelande",
                                                            "originalmeddelande",
                                                            "original meddelelse",
                                                            "oprindelig meddelelse",
                                                            "oprindelig besked",
                                                            "opprinnelig melding",
                                                            "alkuperäinen viesti",
                                                            "oryginalna wiadomość",
                                                            "wiadomość oryginalna",
                                                            "původní zpráva",
                                                            "pôvodná správa",
                                                            "eredeti üzenet",
                                                            "mesaj original",
                                                            "mesajul original",
                                                            "исходное сообщение",
                                                            "оригинальное сообщение",
                                                            "оригінальне повідомлення",
                                                            "вихідне повідомлення",
                                                            "оригинално съобщение",
                                                            "αρχικό μήνυμα",
                                                            "orijinal mesaj",
                                                            "özgün ileti",
                                                            "元のメッセージ",
                                                            "原始邮件",
                                                            "原始郵件",
                                                            "原邮件",
                                                            "원본 메시지",
                                                            "원본 메일",
                                                            "thư gốc",
                                                            "tin nhắn gốc",
                                                            "pesan asli",
                                                            "ข้อความต้นฉบับ",
                                                            "הודעה מקורית",
                                                            "الرسالة الأصلية",
                                                            "missatge original",
                                                            "izvorna poruka",
                                                            "izvirno sporočilo"});

constexpr auto kForwarded = std::to_array<std::string_view>({"forwarded message",
                                                             "forwarded mail",
                                                             "begin forwarded message",
                                                             "start of forwarded message",
                                                             "weitergeleitete nachricht",
                                                             "anfang der weitergeleiteten",
                                                             "message transféré",
                                                             "message transmis",
                                                             "début du message réexpédié",
                                                             "début du message transféré",
                                                             "mensaje reenviado",
                                                             "inicio del mensaje reenviado",
                                                             "mensagem encaminhada",
                                                             "mensagem reencaminhada",
                                                             "início da mensagem encaminhada",
                                                             "início da mensagem reencaminhada",
                                                             "messaggio inoltrato",
                                                             "inizio messaggio inoltrato",
                                                             "doorgestuurd bericht",
                                                             "begin doorgestuurd bericht",
                                                             "vidarebefordrat meddelande",
                                                             "vidarebefordrat brev",
                                                             "vidarebefordrat mejl",
                                                             "videresendt meddelelse",
                                                             "videresendt besked",
                                                             "start på videresendt",
                                                             "videresendt melding",
                                                             "välitetty viesti",
                                                             "välitetty viesti alkaa",
                                                             "przekazana wiadomość",
                                                             "wiadomość przekazana",
                                                             "początek przekazywanej",
                                                             "przeposlaná zpráva",
                                                             "přeposlaná zpráva",
                                                             "začátek přeposílané",
                                                             "preposlaná správa",
                                                             "továbbított üzenet",
                                                             "továbbított levél",
                                                             "mesaj redirecționat",
                                                             "mesaj redirecţionat",
                                                             "пересылаемое сообщение",
                                                             "пересланное сообщение",
                                                             "перенаправленное сообщение",
                                                             "начало переадресованного",
                                                             "переслане повідомлення",
                                                             "пересилане повідомлення",
                                                             "препратено съобщение",
                                                             "προωθημένο μήνυμα",
                                                             "iletilmiş",
                                                             "yönlendirilmiş",
                                                             "iletilen ileti",
                                                             "転送されたメッセージ",
                                                             "転送メッセージ",
                                                             "转发的邮件",
                                                             "转发邮件",
                                                             "轉寄郵件",
                                                             "轉寄的郵件",
                                                             "전달된 메시지",
                                                             "전달된 메일",
                                                             "thư chuyển tiếp",
                                                             "pesan terusan",
                                                             "missatge reenviat"});

constexpr auto kDevice = std::to_array<std::string_view>({"sent from my ",
                                                          "sent from proton",
                                                          "sent with proton",
                                                          "sent with [proton",
                                                          "sent from yahoo",
                                                          "sent from outlook",
                                                          "sent from mail",
                                                          "sent from samsung",
                                                          "sent from a mobile",
                                                          "sent via ",
                                                          "sent using ",
                                                          "sent from blackberry",
                                                          "get outlook for ",
                                                          "get bluemail",
                                                          "von meinem ",
                                                          "gesendet von ",
                                                          "gesendet mit ",
                                                          "gesendet aus ",
                                                          "diese nachricht wurde von meinem",
                                                          "holen sie sich outlook",
                                                          "envoyé de mon ",
                                                          "envoyé depuis ",
                                                          "envoyé à partir de ",
                                                          "télécharger outlook",
                                                          "enviado desde ",
                                                          "enviado do ",
                                                          "enviado a partir d",
                                                          "obtener outlook",
                                                          "inviato da",
                                                          "verzonden ",
                                                          "verstuurd vanaf ",
                                                          "skickat från ",
                                                          "sendt fra ",
                                                          "wysłane z ",
                                                          "odesláno z",
                                                          "отправлено с ",
                                                          "отправлено из ",
                                                          "надіслано з ",
                                                          "发自",
                                                          "從我的 ",
                                                          "mobil gesendet"});
constexpr auto kDeviceEnds =
    std::to_array<std::string_view>({"gesendet", "gönderildi", "gönderildi.", "から送信", "에서 보냄", "傳送",
                                     "iphonesta", "발송", "küldve"});

constexpr auto kDevices = std::to_array<std::string_view>(
    {"phone",   "iphon",      "ipad",   "android",        "samsung", "galaxy",   "mobil",
     "handy",   "smartphone", "tablet", "blackberry",     "outlook", "mail",     "huawei",
     "xiaomi",  "nokia",      "pixel",  "windows",        "móvil",   "portable", "telefon",
     "телефон", "k-9",        "posta",  "スマートフォン", "手机",    "手機",     "휴대"});

constexpr auto kListNotes = std::to_array<std::string_view>(
    {"mailing list", "mailman/listinfo", "/listinfo/", "unsubscribe",
     "you received this message because you are subscribed", "you are receiving this because",
     "to view this discussion", "groups.io links", "mailingliste", "liste de diffusion", "lista de correo",
     "list archives", "list-help", "postorius/lists", "abmelden", "désabonner"});

constexpr auto kForwardSubjects = std::to_array<std::string_view>(
    {"fwd:", "fw:", "wg:",  "tr:",  "rv:",        "enc:",    "i:",    "doorst:", "vb:",   "vs:",
     "vl:",  "pd:", "prz:", "пер:", "переслано:", "пересл:", "转发:", "轉寄:",   "転送:", "fwd :"});

bool is_figure(char c) { return c >= '0' && c <= '9'; }

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }
bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}
bool holds(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

// Without looking at all of it.
bool may_end_with_colon(std::string_view text) {
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 12)).find_first_of(":\xEF") !=
         std::string_view::npos;
}

bool ends_with_colon(std::string_view text) {
  return ends(text, ":") || ends(text, "：") || ends(text, ":-");
}

bool has_digit(std::string_view text) { return std::any_of(text.begin(), text.end(), is_figure); }

// "10:00", "2026", "5.1.26", "5/1/26".
bool has_date(std::string_view text) {
  for (std::size_t i = 0; i + 3 < text.size(); ++i) {
    if (!is_figure(text[i])) continue;
    if (is_figure(text[i + 1]) && is_figure(text[i + 2]) && is_figure(text[i + 3]) &&
        (starts(text.substr(i), "20") || starts(text.substr(i), "19"))) {
      return true;
    }
    for (const char mark : {':', '.', '/', '-'}) {
      if (text[i + 1] == mark && is_figure(text[i + 2])) return true;
      if (is_figure(text[i + 1]) && text[i + 2] == mark && is_figure(text[i + 3])) return true;
    }
  }
  return false;
}

// A day and a time of it, in whatever order: so many numbers stand in few other lines.
bool has_day_and_time(std::string_view text) {
  std::size_t numbers = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_figure(text[i]) && (i == 0 || !is_figure(text[i - 1]))) ++numbers;
  }
  return numbers >= 4;
}

// The words of "----- words -----"; empty: it is not such a line.
std::string_view between_dashes(std::string_view line) {
  std::size_t begin = 0, end = line.size();
  while (begin < end && (line[begin] == '-' || line[begin] == '_' || line[begin] == '=')) ++begin;
  while (end > begin && (line[end - 1] == '-' || line[end - 1] == '_' || line[end - 1] == '=')) --end;
  if (begin < 2 || begin == end) return {};
  std::string_view words = line.substr(begin, end - begin);
  while (!words.empty() && words.front() == ' ') words.remove_prefix(1);
  while (!words.empty() && words.back() == ' ') words.remove_suffix(1);
  return words;
}

}  // namespace

bool is_attribution(std::string_view text) {
  if (text.size() > kMaxAttribution || text.size() < 4 || !may_end_with_colon(text)) return false;
  const std::string lower = lower_words(text);
  if (!ends_with_colon(lower)) return false;
  return std::any_of(kWrote.begin(), kWrote.end(), [&](std::string_view verb) { return holds(lower, verb); });
}

bool is_like_attribution(std::string_view text) {
  if (text.size() > kMaxAttribution || !may_end_with_colon(text)) return false;
  const std::string lower = lower_words(text);
  return ends_with_colon(lower) && (holds(lower, "@") || has_day_and_time(lower));
}

bool may_begin_attribution(std::string_view line) {
  const std::string lower = lower_words(line.substr(0, prefix_within(line, 200)));
  if (lower.empty()) return false;
  const bool opened =
      is_figure(lower.front()) ||
      std::any_of(kOpeners.begin(), kOpeners.end(), [&](auto opener) { return starts(lower, opener); });
  return (opened && has_digit(lower)) || (holds(lower, "@") && holds(lower, "<")) || has_date(lower);
}

bool is_original_mark(std::string_view line) {
  if (line.size() > 200) return false;
  const std::string words = lower_words(between_dashes(line));
  return std::any_of(kOriginal.begin(), kOriginal.end(), [&](auto mark) { return starts(words, mark); });
}

bool is_forward_mark(std::string_view line) {
  if (line.size() > 200) return false;
  const std::string_view within = between_dashes(line);
  if (within.empty() && !may_end_with_colon(line)) return false;
  const std::string words = lower_words(within.empty() ? line : within);
  // Without dashes, Apple's: they end with a colon.
  if (within.empty() && !ends_with_colon(words)) return false;
  return std::any_of(kForwarded.begin(), kForwarded.end(),
                     [&](auto mark) { return starts(words, mark) && words.size() <= mark.size() + 40; });
}

bool is_forward_subject(std::string_view subject) {
  const std::string lower = lower_words(subject.substr(0, prefix_within(subject, 60)));
  return std::any_of(kForwardSubjects.begin(), kForwardSubjects.end(),
                     [&](auto mark) { return starts(lower, mark); });
}

bool is_device_note(std::string_view line) {
  if (line.size() > 160) return false;
  const std::string lower = lower_words(line);
  // "From my window I see the sea" ends mails, too.
  const bool named =
      std::any_of(kDevices.begin(), kDevices.end(), [&](auto name) { return holds(lower, name); });
  return named &&
         (std::any_of(kDevice.begin(), kDevice.end(), [&](auto mark) { return starts(lower, mark); }) ||
          std::any_of(kDeviceEnds.begin(), kDeviceEnds.end(),
                      [&](auto mark) { return lower.size() < 80 && ends(lower, mark); }));
}

bool is_list_note(std::string_view line) {
  const std::string lower = lower_words(line.substr(0, 300));
  return std::any_of(kListNotes.begin(), kListNotes.end(), [&](auto mark) { return holds(lower, mark); });
}

bool is_rule(std::string_view line, char mark, std::size_t least) {
  return line.size() >= least && line.find_first_not_of(mark) == std::string_view::npos;
}

}  // namespace dragoman::email
