# The public headers are those that directclr/directclr.h and directclr/torch.h include. Users need them and what these
# include in turn; no other header is installed.

cmake_minimum_required(VERSION 3.25)

# Sets `out` to the headers, as they are included ("directclr/core/error.h"), sorted: `roots` and all that they include.
function(directclr_headers_of out source_folder)
  set(_found "")
  set(_open ${ARGN})
  while(_open)
    list(POP_FRONT _open _header)
    if(_header IN_LIST _found)
      continue()
    endif()
    list(APPEND _found ${_header})
    file(STRINGS "${source_folder}/${_header}" _lines REGEX "^#include \"directclr/")
    foreach(_line ${_lines})
      if(_line MATCHES "^#include \"([^\"]+)")
        list(APPEND _open ${CMAKE_MATCH_1})
      endif()
    endforeach()
  endwhile()
  list(SORT _found)
  set(${out} ${_found} PARENT_SCOPE)
endfunction()
