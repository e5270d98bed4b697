#include "bridges/matrix/network.hpp"

#include <stdexcept>

namespace dragoman::matrix {

std::unique_ptr<dragoman::Network> make_network(const NetworkContext&) {
  throw std::runtime_error("the Matrix network is not complete yet");
}

NetworkEntry entry() { return {"matrix", make_network}; }

}  // namespace dragoman::matrix
