# directclr_libraries(DESTINATION NAME...): puts libNAME.so of DIRECTCLR_PREFIX into a wheel, each as one file under the name
# that others look for, since a wheel has no links.
function(directclr_libraries destination)
  foreach(_name ${ARGN})
    file(GLOB _file "${DIRECTCLR_PREFIX}/lib*/lib${_name}.so.*.*.*")
    cmake_path(GET _file STEM LAST_ONLY _linked)
    install(FILES "${_file}" DESTINATION "${destination}" RENAME "${_linked}" COMPONENT python)
  endforeach()
endfunction()
