#pragma once

#include <string>
#include <vector>

namespace directclr::report {

/// One of the questions that a reader has, and what is known: text.
struct Question {
  std::string question;
  std::string answer;
};

/// What a page has to say, before all method: its first screen. Sentences may have code between backticks.
struct Answer {
  std::string sentence = "";  ///< the answer in one plain sentence
  std::string mood = "";      ///< "good", "bad", or "open" where nothing can be told: the colour of the number
  std::string number = "";    ///< "158 of 256"
  std::string counts = "";    ///< what it counts: "directions are dead"
  std::string terms = "";     ///< the same in the paper's terms, a sentence or two
  std::string picture = "";   ///< one figure (HTML); empty: none
  std::vector<std::string> advice = {};  ///< what to do, sentences; empty: nothing that is known to help
  std::string no_advice = "No rule fits. `directclr explain` looks for the cause.";  ///< said where there is none
  std::vector<Question> questions = {};  ///< below the picture, in the order of a reader who wants to act
};

/// The five questions, in their order.
inline constexpr const char* kIsItCollapsed = "Is it collapsed?";
inline constexpr const char* kSinceWhen = "Since when?";
inline constexpr const char* kWhy = "Why?";
inline constexpr const char* kDoesItHurt = "Does it hurt?";
inline constexpr const char* kWhatToChange = "What shall I change?";

/// What stands beside kWhatToChange where the page has advice.
inline constexpr const char* kSeeAdvice = "See \"What to do\" at the top.";

/// The first screen as HTML. `title` names what the page is about.
std::string answer_html(const std::string& title, const Answer& answer);

}  // namespace directclr::report
